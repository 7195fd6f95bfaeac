"""Which certificates have series: the operator's wish and a certificate in, shown or not out."""

import pytest

from exporter.api.model import Certificate
from exporter.config import Pattern, Selection
from exporter.exposition.selection import plainly_healthy, shown, wanted
from tests.world.builders import DAY, NOT_AFTER, certificate

NOW = NOT_AFTER - 60 * DAY
BEGIN = certificate().not_before


def named(name: str, **overrides: object) -> Certificate:
    return certificate(uuid=name, name=name, common_name=f"{name}.example.com", **overrides)


def test_a_healthy_certificate() -> None:
    """Issued and renewed by the platform, in use, with more than a third of its life left."""
    assert plainly_healthy(certificate(), NOW)


@pytest.mark.parametrize(
    ("overrides", "now"),
    [
        pytest.param({"state": "pending"}, NOW, id="pending renewal"),
        pytest.param({"state": "error"}, NOW, id="error"),
        pytest.param({"state": "revoked"}, NOW, id="a state of the future"),
        pytest.param({"attempts": 1}, NOW, id="a validation runs"),
        pytest.param({"not_after": None}, NOW, id="never issued"),
        pytest.param({"not_before": None}, NOW, id="unknown lifetime"),
        pytest.param({"not_before": NOW + 1}, NOW, id="not valid yet"),
        pytest.param({"not_before": NOT_AFTER + 9}, NOW, id="ends before it begins"),
        pytest.param({"service_groups": ()}, NOW, id="unused"),
        pytest.param({"issuer": "CN=Corporate CA"}, NOW, id="renewed by hand"),
        pytest.param({"issuer": ""}, NOW, id="nobody knows who renews it"),
        pytest.param({"common_name": "*.example.com"}, NOW, id="wildcard"),
        pytest.param({}, NOT_AFTER - 29 * DAY, id="renewal is due"),
        pytest.param({"not_before": NOT_AFTER - 6 * DAY}, NOT_AFTER - 1.9 * DAY, id="short-lived"),
        pytest.param({}, NOT_AFTER + 1, id="expired"),
    ],
)
def test_what_an_alert_could_fire_on_is_not_healthy(
    overrides: dict[str, object], now: float
) -> None:
    """One departure from healthy is enough."""
    assert not plainly_healthy(certificate(**overrides), now)


FINE, ALSO = named("fine"), named("also")
ODD = named("odd", state="error")
TWIN = certificate(uuid="twin", name="twin", common_name="odd.example.com")


@pytest.mark.parametrize(
    ("selection", "want", "omitted"),
    [
        pytest.param(Selection(), (FINE, ODD, TWIN, ALSO), (2, 0, 0), id="all"),
        pytest.param(Selection("none"), (), (2, 4, 0), id="none"),
        pytest.param(Selection("attention"), (ODD, TWIN), (2, 2, 0), id="with its twin"),
        pytest.param(
            Selection(max_certificates=3), (ODD, TWIN, FINE), (2, 0, 1), id="attention first"
        ),
        pytest.param(Selection(max_certificates=4), (FINE, ODD, TWIN, ALSO), (2, 0, 0), id="fits"),
        pytest.param(Selection("attention", 1), (ODD,), (2, 2, 1), id="both"),
        pytest.param(Selection(max_certificates=0), (), (2, 0, 4), id="no room"),
    ],
)
def test_shown(
    selection: Selection, want: tuple[Certificate, ...], omitted: tuple[int, ...]
) -> None:
    """Nobody is lost: what is not shown is counted with the setting that says so."""
    got = shown((FINE, ODD, TWIN, ALSO), selection, filtered=2, now=NOW)

    assert want == got.certificates
    assert dict(zip(("filter", "series", "max_certificates"), omitted, strict=True)) == got.omitted


def test_the_soonest_come_first_where_there_is_no_room() -> None:
    """Of what needs attention, and common names stay whole."""
    late, soon = (named(f"u{d}", issuer="CN=Own", not_after=NOW + d) for d in (9, 3))
    never = named("never", state="pending", not_after=None, not_before=None, issuer="")
    twin = certificate(name="twin", common_name=soon.common_name)
    found = (FINE, late, twin, soon, never)
    got = shown(found, Selection(max_certificates=3), filtered=0, now=NOW)

    assert (never, twin, soon) == got.certificates


@pytest.mark.parametrize(
    ("include", "exclude", "want"),
    [
        (None, None, True),
        ("fine", None, True),
        (r".*\.example\.com", None, True),
        ("fin", None, False),
        ("other", None, False),
        (None, "fine", False),
        (None, r".*\.example\.com", False),
        (None, "example", True),
        ("fine", r"fine\.example\.com", False),
    ],
)
def test_wanted(include: str | None, exclude: str | None, want: bool) -> None:
    """Expressions match a whole name or a whole common name, as Prometheus' do."""
    first, second = (None if text is None else Pattern(text) for text in (include, exclude))
    passes = wanted(Selection(include=first, exclude=second))

    assert want == (passes is None or passes(FINE))
