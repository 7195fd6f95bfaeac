"""The status of any metros, as people and programs get it."""

from typing import Any

import msgspec
import pytest

from exporter.api.model import Certificate, ServiceGroup, Unread
from exporter.config import Expiry, Selection, Thresholds
from exporter.errors import PollError, ServerError, TimedOut, Unauthorized
from exporter.polling.snapshot import Key
from exporter.status.board import MOST_ROWS
from tests.world.boards import NOW, Loaded, board, polling
from tests.world.builders import DAY, certificate, snapshot

pytestmark = pytest.mark.anyio

DAL = Key("default", "dal0")
SIN = Key("default", "sin0")


def uploaded(name: str, days: float, **facts: Any) -> Certificate:
    """One that its owner renews, a year long, with so many days left."""
    end = NOW + days * DAY
    return certificate(
        **{
            "uuid": name,
            "name": name,
            "common_name": f"{name}.example.com",
            "not_after": end,
            "not_before": end - 365 * DAY,
            "created_at": end - 364 * DAY,
            **facts,
        }
    )


HEALTHY = uploaded("healthy", 200)
EXPIRED = uploaded("expired", -3)
IMMINENT = uploaded("imminent", 0.8)
SOON = uploaded("soon", 20)
UNUSED = uploaded("unused", 200, service_groups=())
PENDING = {"state": "pending", "not_after": None, "not_before": None}
NEVER = uploaded("never", 0, **PENDING, created_at=NOW - 7200)
GIVEN_UP = uploaded("failed", 0, **{**PENDING, "state": "error"})


@pytest.mark.parametrize(
    ("certificates", "expected"),
    [
        ([HEALTHY], ("ok", "The only certificate is healthy.")),
        ([HEALTHY, uploaded("b", 90)], ("ok", "All 2 certificates are healthy.")),
        ([], ("ok", "No certificate is known.")),
        ([UNUSED], ("info", "1 certificate is unused, the others are healthy.")),
        ([SOON], ("warning", "1 certificate needs attention, none urgently.")),
        (
            [SOON, uploaded("b", 21), UNUSED],
            ("warning", "2 certificates need attention, none urgently. 1 is unused."),
        ),
        (
            [EXPIRED, uploaded("b", -1), IMMINENT, HEALTHY],
            ("critical", "2 certificates in use have expired, 1 expires in 19 h."),
        ),
        (
            [IMMINENT, uploaded("b", 3), NEVER, GIVEN_UP, SOON],
            (
                "critical",
                (
                    "2 certificates in use expire soon (the first in 19 h), 1 could not be issued "
                    "or renewed, 1 was never issued. 1 more needs attention."
                ),
            ),
        ),
    ],
)
def test_the_sentence(certificates: list[Certificate], expected: tuple[str, str]) -> None:
    """Whether anything is wrong, and how badly."""
    status = board(snapshot(*certificates, taken_at=NOW - 12)).status()

    assert (expected[0], f"1 metro read 12 s ago. {expected[1]}") == (
        status.severity,
        status.summary,
    )


@pytest.mark.parametrize(
    ("error", "read", "expected"),
    [
        (None, True, ("ok", True, "1 metro read 12 s ago. The only certificate is healthy.")),
        (
            ServerError("503"),
            True,
            ("warning", False, "fra0 (server_error) cannot be read. The only certificate"),
        ),
        (
            TimedOut("10 s"),
            False,
            ("critical", False, "fra0 (timeout) cannot be read. No certificate is known."),
        ),
        (Unauthorized("401"), True, ("critical", False, "fra0 (unauthorized) cannot be read.")),
    ],
)
def test_a_metro(error: PollError | None, read: bool, expected: tuple[str, bool, str]) -> None:
    """Old certificates are shown, and that they are old is said."""
    snapshots = (snapshot(HEALTHY, taken_at=NOW - 12),) if read else ()
    status = board(*snapshots, metros=(polling(error=error),)).status()
    (metro,) = status.metros

    assert expected[:2] == (metro.severity, metro.up)
    assert status.summary.startswith(expected[2])
    assert (metro.seconds_since_read, metro.seconds_to_next_poll) == (12 if read else None, 48)
    assert (metro.failure.message if metro.failure else None) == (str(error) if error else None)


def test_metros_that_differ() -> None:
    """The most severe first; what was read too long ago is not shown, and not called healthy."""
    status = board(
        snapshot(HEALTHY, taken_at=NOW - 12),
        snapshot(EXPIRED, key=DAL, taken_at=NOW - 100),
        metros=(
            polling(),
            polling(DAL, error=TimedOut("slow"), stale_after=99.0),
            polling(SIN, tried=False, next_poll=None),
        ),
    ).status()

    assert [("dal0", "critical"), ("sin0", "info"), ("fra0", "ok")] == [
        (metro.metro, metro.severity) for metro in status.metros
    ]
    assert [True, False, False] == [metro.dropped for metro in status.metros]
    assert status.certificates == ()
    assert status.summary == (
        "1 metro read 12 s ago; dal0 (timeout) cannot be read; 1 metro is not read yet. "
        "The only known certificate is healthy."
    )


def test_many_failing_metros_are_counted() -> None:
    """A sentence is no list."""
    keys = [Key("default", f"m{n}") for n in range(4)]
    status = board(metros=[polling(key, error=TimedOut("slow")) for key in keys]).status()

    assert status.summary == "4 metros cannot be read. No certificate is known."


def test_one_domain_in_several_metros_is_one_row() -> None:
    """With every metro, and the soonest end, as long as it is in the same condition."""
    groups = tuple(ServiceGroup(str(n), f"group-{n}") for n in range(7))
    status = board(
        snapshot(uploaded("wild", 9, service_groups=groups), taken_at=NOW),
        snapshot(uploaded("wild", 8), key=DAL, taken_at=NOW),
        snapshot(uploaded("wild", -1), key=SIN, taken_at=NOW),
    ).status()
    expired, soon = status.certificates

    assert (expired.metros, expired.severity) == (("sin0",), "critical")
    assert (soon.metros, soon.seconds_left, soon.count) == (("dal0", "fra0"), 8 * DAY, 2)
    assert (len(soon.service_groups or ()), soon.service_group_count) == (5, 8)


def test_who_uses_it_may_not_be_known() -> None:
    """Unknown is not nothing."""
    unknown, nothing = (
        uploaded("a", -1, service_groups=None),
        uploaded("b", -1, service_groups=()),
    )
    status = board(snapshot(unknown, nothing, taken_at=NOW)).status()

    assert [None, ()] == [row.service_groups for row in status.certificates]


def test_the_order() -> None:
    """The most severe first, and of those the reason that comes first in the table."""
    everyone = [UNUSED, SOON, NEVER, GIVEN_UP, IMMINENT, HEALTHY, EXPIRED]
    status = board(snapshot(*everyone, taken_at=NOW)).status()

    assert ["expired", "imminent", "failed", "never", "soon", "unused"] == [
        row.names[0] for row in status.certificates
    ]
    assert (status.total, status.matching, status.more) == (7, 6, 0)
    assert {"critical": 4, "warning": 1, "info": 1} == status.attention


def test_what_has_no_series_or_could_not_be_read_is_told() -> None:
    """Omitted, skipped and unread."""
    odd = uploaded("odd", 200, unread=("subject",))
    shown = snapshot(
        HEALTHY,
        odd,
        taken_at=NOW,
        odd=(odd,),
        unread=(Unread("undecodable", "u1", "broken", "Expected `str`"),),
        filtered=4,
    )
    metros = (polling(metro={"selection": Selection(series="none")}),)
    (metro,) = board(shown, metros=metros).status().metros

    assert ({"filter": 4, "series": 2}, {"subject": 1}) == (metro.omitted, metro.unread_fields)
    assert ({"undecodable": 1}, ("broken: Expected `str`",)) == (
        metro.skipped,
        metro.skipped_examples,
    )
    assert metro.severity == "warning"


def test_limits_are_told_once() -> None:
    """With the metros that have them."""
    strict = Thresholds(manual=Expiry(60 * DAY, 30 * DAY))
    metros = (polling(), polling(DAL, metro={"thresholds": strict}), polling(SIN))
    told = board(metros=metros).status().thresholds

    assert [("default/fra0", "default/sin0"), ("default/dal0",)] == [each.metros for each in told]
    assert "warning 60d" in told[1].limits["manual renewal"]


def test_a_refused_configuration_is_a_warning() -> None:
    """The one before stays in force."""
    refused = Loaded(refusal="exporter.yaml: unknown field")
    status = board(snapshot(HEALTHY, taken_at=NOW), loaded=refused).status()

    assert (status.severity, status.configuration.refusal) == (
        "warning",
        "exporter.yaml: unknown field",
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("healthy", ["healthy"]),
        ("HEALTHY.example", ["healthy"]),
        (" expired ", ["expired"]),
        ("example.com", ["expired", "healthy"]),
        ("bücher", ["books"]),
        ("nothing of it", []),
        ("", ["expired"]),
        ("x" * 500, []),
    ],
)
async def test_search(query: str, expected: list[str]) -> None:
    """Over names and domains, healthy ones too; the most severe first."""
    books = uploaded("books", 200, common_name="xn--bcher-kva.example.net")
    status = await board(snapshot(HEALTHY, EXPIRED, books, taken_at=NOW)).search(query)

    assert [row.names[0] for row in status.certificates] == expected


async def test_a_search_is_bounded() -> None:
    """No domain name is longer (RFC 1035)."""
    status = await board(snapshot(HEALTHY)).search("x" * 10_000)

    assert len(status.query) == 253


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "Healthy"),
        ({"state": "pending"}, "Is being renewed"),
        ({**PENDING, "created_at": NOW}, "Is being issued"),
    ],
)
async def test_what_needs_no_attention_is_said_too(facts: dict[str, Any], expected: str) -> None:
    """In words, where a search finds it."""
    (row,) = (await board(snapshot(uploaded("a", 200, **facts))).search("a")).certificates

    assert (row.severity, row.message) == ("ok", expected)


async def test_a_superseded_one() -> None:
    """Another one of its domain lasts longer."""
    old = uploaded("old", 20, common_name="a.example.com", service_groups=())
    new = uploaded("new", 200, common_name="a.example.com")
    (row,) = (await board(snapshot(old, new)).search("old")).certificates

    assert row.message == "Superseded: another certificate of its domain lasts longer"


@pytest.mark.parametrize("most", [True, False], ids=["page", "command"])
async def test_how_much_is_shown(most: bool) -> None:
    """The page shows the first rows and counts the rest; the command shows all."""
    many = board(snapshot(*(uploaded(f"n{n}", -1 - n) for n in range(300)), taken_at=NOW))
    status = many.status() if most else many.everything()
    found = await many.search("n1") if most else many.everything("n1")

    assert (len(status.certificates), status.more) == ((MOST_ROWS, 200) if most else (300, 0))
    assert (len(found.certificates), found.matching) == (MOST_ROWS if most else 111, 111)


def test_it_is_json() -> None:
    """Times as RFC 3339 has them."""
    status = board(snapshot(EXPIRED, taken_at=NOW - 12)).status()
    data = msgspec.json.decode(msgspec.json.encode(status))

    assert data["metros"][0]["read_at"] == "2024-04-06T19:05:58Z"
    assert data["certificates"][0]["reasons"][0]["reason"] == "expired"


def test_an_end_that_no_calendar_has() -> None:
    """It has no date, and costs nothing else."""
    (row,) = board(snapshot(uploaded("a", -1, not_after=-1e17))).status().certificates

    assert (row.not_after, row.severity) == (None, "critical")
