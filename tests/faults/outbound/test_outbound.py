"""The attacks of `python -m tests.faults.outbound` in a bounded form, against a process."""

import re
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.outbound import attacks
from tests.faults.outbound.target import Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

MEGABYTES = 1_000_000
FEW = 8
"""Descriptors that connections and their names need."""


@pytest.mark.parametrize(
    ("attack", "reasons", "growth"),
    [
        pytest.param(
            lambda: attacks.answered(
                attacks.REFUSED_DEEP, attacks.ITEM_DEEP, attacks.UNCLOSED, times=5
            ),
            {"unauthorized", "undecodable"},
            30,
            id="deep",
        ),
        pytest.param(lambda: attacks.dense(1), {"undecodable"}, 250, id="dense"),
        pytest.param(lambda: attacks.odd_items(10_000, 2), set(), 150, id="odd items"),
        pytest.param(
            lambda: attacks.changing_batches(3, 12), {"server_error"}, 10, id="other batches"
        ),
        pytest.param(lambda: attacks.catastrophe(5), set(), 30, id="an expression"),
        pytest.param(lambda: attacks.mute_names(90, 2), {"timeout"}, 30, id="mute name servers"),
    ],
)
async def test_an_odd_metro(
    attack: Callable[[], Awaitable[Outcome]], reasons: set[str], growth: int
) -> None:
    """It costs itself: its neighbour is polled as often at least, and nothing is left behind."""
    outcome = await attack()

    assert (outcome.ended, outcome.told) == (False, "")
    assert outcome.reasons <= reasons
    assert outcome.polls >= 1
    assert outcome.growth < growth * MEGABYTES
    assert outcome.descriptors <= FEW


async def test_a_directory_for_a_token() -> None:
    """It leaves no descriptors behind, and a file in its place is read again."""
    outcome = await attacks.directory(5)

    assert (outcome.ended, outcome.told) == (False, "heals")
    assert outcome.descriptors <= 2


async def test_a_token_in_escapes() -> None:
    """It is in no log and on no page."""
    assert (await attacks.repeated_token(2)).told == "not told"


async def test_cookies() -> None:
    """None is sent back."""
    outcome = await attacks.cookies(10)

    assert int(outcome.told.split()[0]) < 1000


async def test_what_nobody_foresaw() -> None:
    """It costs its own polls, and is logged."""
    outcome = await attacks.unforeseen(3)

    assert (outcome.ended, outcome.reasons, outcome.told) == (
        False,
        frozenset({"other"}),
        "logged True",
    )
    assert outcome.polls >= 1


@pytest.mark.parametrize(
    ("days", "stale_after", "told"), [(1, "1h", "kept"), (-1, "1s", "withdrawn")]
)
async def test_a_clock_that_leaps(days: int, stale_after: str, told: str) -> None:
    """What cannot be read ages by another clock."""
    assert (await attacks.clock(days, stale_after, 3 if days > 0 else 60)).told == told


async def test_many_metros() -> None:
    """A scrape of them is answered."""
    assert re.fullmatch(r"\d+ ms a scrape", (await attacks.many_metros(50)).told)
