"""Answers that tell less, or oddly: an HTTP answer in, the series of its page out."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from exporter import service
from exporter.api.model import ISSUED_FIELDS
from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.judgement import REASONS
from tests.world.api import ScriptedApi, http
from tests.world.builders import body, item
from tests.world.leaks import MARK

pytestmark = pytest.mark.anyio

NOW = 1_795_788_000  # 2026-11-27T14:00:00Z
ALERTS = {reason.name: reason.alert for reason in REASONS}
GROUPS = [{"uuid": "3b5b4c36-2c9b-46e4-80c6-7e5b561938c2", "name": "young-monkey-uq6dxq0u"}]


def shop(**overrides: Any) -> dict[str, Any]:
    """A certificate that the platform requested in August, and that has expired since."""
    return item(
        **{
            "name": "shop.example.com-x9d9k",
            "created_at": "2026-08-01T10:00:00Z",
            "common_name": "shop.example.com",
            "subject": "CN=shop.example.com",
            "issuer": "CN=R12,O=Let's Encrypt,C=US",
            "serial_number": "05AA01",
            "not_before": "2026-08-01T09:01:00Z",
            "not_after": "2026-10-30T09:00:59Z",
            "service_groups": GROUPS,
            **overrides,
        }
    )


UNISSUED = dict.fromkeys(ISSUED_FIELDS, ...)
RENEWED = {"not_before": "2026-10-01T09:01:00Z", "not_after": "2026-12-30T09:00:59Z"}


class Page(NamedTuple):
    """What the exporter serves after some polls of one metro."""

    text: str
    failed: bool

    def values(self, family: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The samples of a family by the values of these labels."""
        found = re.findall(rf"^{family}{{(.*)}} (\S+)$", self.text, re.MULTILINE)
        pairs = [(dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', ls)), v) for ls, v in found]
        return {tuple(ls.get(label, "") for label in labels): float(v) for ls, v in pairs}

    @property
    def attention(self) -> dict[str, set[tuple[str, str]]]:
        """Reason and severity of each certificate that needs attention, by name."""
        rows = self.values("ukc_certificate_attention", "name", "reason", "severity")
        names = {name for name, _, _ in rows}
        return {n: {(r, s) for name, r, s in rows if name == n} for n in names}

    @property
    def unread(self) -> set[str]:
        """The fields of which some could not be read."""
        fields = self.values("ukc_certificates_unread_fields", "field")
        return {field for (field,), count in fields.items() if count}


async def polled(*answers: Sequence[Any] | bytes, now: float = NOW) -> Page:
    """The page after one poll for each answer: its items, or a whole body."""
    bodies = [answer if isinstance(answer, bytes) else body(*answer) for answer in answers]
    api = ScriptedApi(*(http(200, text) for text in bodies))
    token = TokenVariable("UKC_TOKEN", Token(f"the-token-{MARK}"))
    async with api.serving() as url:
        account = Account("default", token, (Metro("fra", url),))
        async with service.build(Configuration((account,)), clock=lambda: now) as graph:
            (poller,) = graph.pollers
            for _ in answers:
                await poller.poll()
            tail = graph.telemetry.exposition(openmetrics=False)
            text = b"".join(graph.exposition.stream(openmetrics=False, tail=tail).text())
    page = Page(text.decode(), failed='reason="undecodable"} 1.0' in text.decode())
    assert page.values("ukc_exporter_internal_errors_total") in ({(): 0.0}, {})
    return page


SHOP = "shop.example.com-x9d9k"
EXPIRED = ("expired", "critical")


async def test_unknown_use_is_use() -> None:
    """A generation leaves the list out, as the vendor's own models allow."""
    page = await polled([shop(service_groups=...)])

    assert page.values("ukc_certificate_service_groups", "name") == {}
    assert page.attention == {SHOP: {EXPIRED}}
    assert ALERTS["expired"] == "UKCCertificateExpired"


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        ({"serial_number": 1}, "serial_number"),
        ({"service_groups": ["g1"]}, "service_groups"),
        ({"created_at": 1767225600}, "created_at"),
        ({"state": "pending", "validation": {"attempt": "2"}}, "validation"),
        ({"subject": {"CN": "shop.example.com"}}, "subject"),
        ({"service_groups": [{"uuid": "u", "name": None}]}, "service_groups"),
    ],
)
async def test_an_odd_field_costs_that_field(odd: dict[str, Any], field: str) -> None:
    """Serializers change the types of secondary fields; expiry and state are served."""
    page = await polled([shop(**odd)])
    families = {
        "service_groups": "ukc_certificate_service_groups",
        "created_at": "ukc_certificate_created_timestamp_seconds",
        "validation": "ukc_certificate_validation_attempts",
    }

    assert len(page.values("ukc_certificate_expiry_days", "name")) == 1
    assert 1.0 in page.values("ukc_certificate_state", "state").values()
    assert page.attention == {SHOP: {EXPIRED}}
    assert page.unread == {field}
    assert page.values(families.get(field, "nothing"), "name") == {}


@pytest.mark.parametrize(
    ("not_after", "expected"),
    [
        ("2026-12-31T23:59:60Z", ("renewal_overdue", "warning")),
        ("2026-12-30 00:00:00 +0000 UTC", ("renewal_overdue", "warning")),
        ("Wed, 30 Dec 2026 00:00:00 GMT", ("renewal_overdue", "warning")),
        ("yesterday", ("expiry_unknown", "warning")),
        (1798588800, ("expiry_unknown", "warning")),
        (..., ("expiry_unknown", "warning")),
    ],
)
async def test_an_odd_date(not_after: Any, expected: tuple[str, str]) -> None:
    """What can be understood without doubt is; what cannot is an unknown expiry."""
    page = await polled([shop(not_after=not_after)])
    after = await polled([shop(**RENEWED)], [shop(not_after=not_after)])

    assert page.attention == {SHOP: {expected}}
    assert "expiry_unknown" not in {reason for reason, _ in after.attention.get(SHOP, ())}


@pytest.mark.parametrize("odd", [{"note": "\ud83d"}, {"subject": "CN=b \ud83d"}])
async def test_half_a_surrogate_costs_at_most_its_field(odd: dict[str, str]) -> None:
    """RFC 8259, section 8.2, allows them."""
    page = await polled([shop(), shop(uuid="b", name="b.example.com-aaaaa", **odd)])

    assert page.values("ukc_certificate_info", "name").keys() == {(SHOP,), ("b.example.com-aaaaa",)}
    assert page.unread == odd.keys() & {"subject"}


@pytest.mark.parametrize(("days_left", "severity"), [(33, "warning"), (29, "critical")])
@pytest.mark.parametrize("dates", [RENEWED, UNISSUED], ids=["told", "silent"])
async def test_lost_is_not_never(days_left: int, severity: str, dates: dict[str, Any]) -> None:
    """A renewal that failed and comes without dates keeps those that were told."""
    expiry = 1_798_621_259
    failed = shop(state="error", **dates)
    page = await polled([shop(**RENEWED)], [failed], now=expiry - days_left * 86400)

    assert page.attention == {SHOP: {("failed", severity)}}
    assert page.values("ukc_certificate_not_after_timestamp_seconds") == {(): expiry}
    assert page.values("ukc_certificate_info", "issuer", "serial_number", "renewal").keys() == {
        ("CN=R12,O=Let's Encrypt,C=US", "05AA01", "automatic")
    }
    assert page.unread == set()


@pytest.mark.parametrize("state", ["pending", "rejected", "VALIDATION_TIMED_OUT", "Failed"])
async def test_what_was_never_issued_is_told_whatever_its_state_is_called(state: str) -> None:
    """After its patience."""
    created = "2026-11-27T13:00:00Z"
    page = await polled([shop(state=state, created_at=created, **UNISSUED)])
    early = await polled([shop(state=state, created_at=created, **UNISSUED)], now=NOW - 3000)

    assert page.attention == {SHOP: {("never_issued", "critical")}}
    assert early.attention == {}
    assert page.values("ukc_certificate_state", "state")[(state,)] == 1


@pytest.mark.parametrize("zero", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", ""])
async def test_zero_times_are_no_times(zero: str) -> None:
    """Not issued: no expiry."""
    silent = {"subject": "", "issuer": "", "serial_number": "", "not_before": zero}
    page = await polled([shop(state="pending", not_after=zero, **silent)])

    assert page.attention == {SHOP: {("never_issued", "critical")}}
    assert page.values("ukc_certificate_expiry_days") == {}


async def test_a_renewal_whose_dates_were_never_told() -> None:
    """The specification's pending sample, of a certificate that is months old."""
    page = await polled([shop(state="pending", **UNISSUED)])

    assert page.attention == {SHOP: {("expiry_unknown", "warning")}}


@pytest.mark.parametrize(
    ("facts", "renewal"),
    [
        ({"name": "corp-2026"}, "manual"),
        ({"created_at": "2026-08-20T10:00:00Z"}, "manual"),
        ({}, "automatic"),
        ({"issuer": "CN=(STAGING) R11,O=(STAGING) Let's Encrypt,C=US"}, "automatic"),
        ({"issuer": "CN=Not Let's Encrypt Test CA,O=Example Corp"}, "manual"),
    ],
)
async def test_renewal_by_evidence(facts: dict[str, Any], renewal: str) -> None:
    """A Let's Encrypt certificate that was uploaded is renewed by nobody but its owner."""
    page = await polled([shop(**facts)])

    assert page.values("ukc_certificate_info", "renewal").keys() == {(renewal,)}


async def test_names_as_dns_compares_them() -> None:
    """One domain: the expired one, attached to nothing, is superseded and silent."""
    page = await polled(
        [
            shop(name="w-old", common_name="*.Example.com", issuer="CN=Corp", service_groups=[]),
            shop(
                uuid="b",
                name="w-new",
                common_name="*.example.com.",
                issuer="CN=Corp",
                not_after="2027-10-30T09:00:59Z",
            ),
        ]
    )

    assert page.attention == {}
    assert page.values("ukc_certificate_info", "common_name").keys() == {("*.example.com",)}


async def test_strangers_without_a_common_name() -> None:
    """An empty one joins nothing."""
    page = await polled(
        [
            shop(name="a", common_name="", service_groups=[]),
            shop(uuid="b", name="b", common_name="", not_after="2027-10-30T09:00:59Z"),
        ]
    )

    assert page.attention == {"a": {("expired", "warning")}}


async def test_of_twins_the_best_is_watched() -> None:
    """The longer-lasting one that is attached; the other is counted as skipped."""
    page = await polled([shop(), shop(uuid="b", not_after="2027-10-30T09:00:59Z")])

    assert page.attention == {}
    assert page.values("ukc_certificate_info", "uuid").keys() == {("b",)}
    assert page.values("ukc_certificates_skipped", "reason")[("other",)] == 1


async def test_a_validity_that_ends_before_it_begins() -> None:
    """Not yet valid, and without a lifetime."""
    page = await polled([shop(not_before="2070-01-01T00:00:00Z", not_after="2037-01-01T00:00:00Z")])

    assert page.attention == {SHOP: {("not_yet_valid", "warning")}}
    limits = (
        page.values(f"ukc_certificate_{severity}_timestamp_seconds")[()]
        for severity in ("warning", "critical")
    )
    assert list(limits) == [2114380800 - 30 * 86400, 2114380800 - 7 * 86400]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b'{"status":"success","data":{"items":[]}}', True),
        (b'{"status":"success","data":[]}', True),
        (b'{"status":"success","data":{"certificates":null}}', False),
        (b'{"status":"success","data":null}', False),
        (b'{"status":"success"}', False),
    ],
)
async def test_an_answer_that_is_none(answer: bytes, failed: bool) -> None:
    """A success that holds no list is no empty inventory."""
    page = await polled([shop()], answer)

    assert page.failed == failed
    assert (SHOP in page.attention) == failed


def test_every_reason_has_an_alert() -> None:
    """By the name that the rules have."""
    assert all(re.fullmatch("UKC[A-Za-z]+", alert) for alert in ALERTS.values())
