"""Which certificates have series: the operator's wish and a certificate in, shown or not out."""

import pytest

from exporter.api.model import Certificate
from exporter.config import Pattern, Selection
from exporter.exposition.selection import passing, shown
from tests.world.builders import DAY, NOT_AFTER, certificate, judged

NOW = NOT_AFTER - 60 * DAY


def named(name: str, **overrides: object) -> Certificate:
    return certificate(uuid=name, name=name, common_name=f"{name}.example.com", **overrides)


FINE, ALSO = named("fine"), named("also")
ODD = named("odd", state="error")
TWIN = certificate(uuid="twin", name="twin", common_name="odd.example.com")
NAMELESS = certificate(uuid="nameless", name="nameless", common_name="")


@pytest.mark.parametrize(
    ("selection", "want", "omitted"),
    [
        pytest.param(Selection(), (FINE, ODD, TWIN, ALSO), (2, 0, 0), id="all"),
        pytest.param(Selection("none"), (), (2, 4, 0), id="none"),
        pytest.param(Selection("attention"), (ODD, TWIN), (2, 2, 0), id="with its twin"),
        pytest.param(
            Selection(max_certificates=3), (FINE, ODD, TWIN), (2, 0, 1), id="attention first"
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
    got = shown(judged(FINE, ODD, TWIN, ALSO), selection, filtered=2)

    assert want == tuple(got.judgement.certificates)
    assert dict(zip(("filter", "series", "max_certificates"), omitted, strict=True)) == got.omitted


def test_the_gravest_come_first_where_there_is_no_room() -> None:
    """Then what was never issued or expires soonest, and common names stay whole."""
    late, soon = (named(f"u{d}", not_after=NOW + d * DAY) for d in (9, 3))
    never = named("never", state="error", not_after=None, not_before=None, issuer="")
    due = named("due", not_after=NOW + 12 * DAY)
    twin = certificate(name="twin", common_name=soon.common_name, not_after=NOW + 500 * DAY)
    everyone = (FINE, due, late, twin, soon, never)
    kept = [
        {c.uuid for c in shown(judged(*everyone), Selection("all", most), filtered=0)[0][0]}
        for most in range(len(everyone))
    ]

    assert kept[1] == {"never"}
    assert kept[3] == {"never", "u3", twin.uuid}
    assert kept[4] == kept[3] | {"u9"}
    assert kept[5] == kept[4] | {"due"}


def test_an_empty_common_name_joins_nothing() -> None:
    """Two strangers."""
    odd = certificate(uuid="b", name="b", common_name="", state="error")

    assert shown(judged(NAMELESS, odd), Selection("attention"), filtered=0)[0][0] == (odd,)


def test_what_is_shown_keeps_its_judgement() -> None:
    """Reasons and limits move with their certificate."""
    got = shown(judged(FINE, ODD), Selection("attention"), filtered=0).judgement

    assert (got.certificates, got.attention) == ((ODD,), {0: (("failed", "warning"),)})
    assert list(got.standings) == [judged(FINE, ODD).standings[1]]


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
    passes = passing(Selection(include=first, exclude=second))

    assert want == (passes is None or passes(FINE))
