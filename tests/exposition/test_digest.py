"""A metro in short: what is shown without a look at every certificate."""

from msgspec.structs import replace

from exporter.api.model import Unread
from exporter.exposition.digest import MOST_URGENT, digest, most_urgent
from exporter.exposition.render import render
from tests.world.builders import DAY, NOT_AFTER, certificate, judged, snapshot

NOW = NOT_AFTER - 60 * DAY
EXPIRED = certificate(uuid="a", name="a", not_after=NOW - 1)
FIRST = certificate(uuid="b", name="b", common_name="b", not_after=NOW + DAY)
SECOND = certificate(uuid="c", name="c", common_name="c", not_after=NOW + 2 * DAY)
UNUSED = certificate(uuid="d", name="d", service_groups=())
HEALTHY = certificate(uuid="e", name="e")


def test_the_gravest_first() -> None:
    """By their places, each with the most severe reason counted, and when the next one expires."""
    judgement = judged(HEALTHY, UNUSED, SECOND, FIRST, EXPIRED, now=NOW)
    short = digest(snapshot(*judgement.certificates), judgement)

    assert [4, 3, 2] == [place for _, place in short.urgent]
    assert {("expired", "critical"): 1, ("imminent", "critical"): 2} == short.leading
    assert short.next_end == FIRST.not_after


def test_it_is_bounded() -> None:
    """Everything is counted, and the first ones are kept."""
    many = judged(
        *(certificate(uuid=str(n), name=str(n), not_after=NOW - n) for n in range(1000)), now=NOW
    )
    unread = tuple(Unread("other", str(n), "", "") for n in range(1000))
    short = digest(snapshot(*many.certificates, unread=unread), many)

    assert (len(short.urgent), short.leading["expired", "critical"]) == (MOST_URGENT, 1000)
    assert (short.skipped["other"], len(short.examples)) == (1000, 5)
    assert most_urgent(many)[: len(short.urgent)] == list(short.urgent)


def test_what_did_not_change_is_not_ordered_again() -> None:
    """A poll without news keeps the order, and counts what it could not read anew."""
    first = render(snapshot(EXPIRED, HEALTHY), None, now=NOW)
    unread = (Unread("other", "", "", ""),)
    same = render(replace(first.snapshot, unread=unread), first, now=NOW)

    assert same.digest.urgent is first.digest.urgent
    assert same.digest.skipped == {"other": 1}
