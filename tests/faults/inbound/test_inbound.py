"""The attacks of `python -m tests.faults.inbound` in a bounded form, against a process."""

import pytest

from tests.faults.inbound import attacks
from tests.faults.inbound.attacks import ATTACKER, SCRAPER, Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

MOST_GROWTH = 150_000_000


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_clients_that_leave_the_page_unread(tls: bool) -> None:
    """Whatever their number, memory grows by a bounded amount, and scrapes come through."""
    outcome = await attacks.unread(150, 3000, tls=tls, scrapes=3)

    assert outcome.whole == outcome.scrapes
    # Before it was bounded: 2.2 MB for each of them.
    assert outcome.growth < MOST_GROWTH


@pytest.mark.parametrize("source", [SCRAPER, ATTACKER])
async def test_clients_that_hold_answers_while_others_come(source: str) -> None:
    """A scrape over TLS has its place, from another address or from the same."""
    assert await attacks.held_and_flood(280, 60, 5, certificates=1000, source=source) == Outcome(
        5, 5
    )


@pytest.mark.parametrize("source", [SCRAPER, ATTACKER])
async def test_guessers_of_passwords(source: str) -> None:
    """The right password has its turn though nobody knows it yet."""
    assert await attacks.guessers(48, 5, cost=8, source=source) == Outcome(5, 5)


async def test_few_descriptors() -> None:
    """Idle connections take none that the metros need."""
    outcome = await attacks.few_descriptors(50, 64, 100, 4)

    assert outcome == Outcome(4, 4)
