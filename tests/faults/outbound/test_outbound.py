"""The attacks of `python -m tests.faults.outbound` in a bounded form, against a process."""

from collections.abc import Awaitable, Callable

import pytest

from tests.faults.outbound import attacks
from tests.faults.outbound.attacks import Outcome

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

MEGABYTES = 1_000_000
FEW = 8
"""Descriptors that connections and their names need."""


@pytest.mark.parametrize(
    ("attack", "reasons", "growth"),
    [
        pytest.param(
            lambda: attacks.answered(attacks.REFUSED_DEEP, 5), {"unauthorized"}, 30, id="a deep 401"
        ),
        pytest.param(lambda: attacks.answered(attacks.ITEM_DEEP, 5), set(), 30, id="a deep field"),
        pytest.param(
            lambda: attacks.answered(attacks.UNCLOSED, 5), {"undecodable"}, 30, id="unclosed"
        ),
        pytest.param(lambda: attacks.dense(1), {"undecodable"}, 250, id="dense"),
        pytest.param(lambda: attacks.odd_items(10_000, 2), set(), 150, id="odd items"),
        pytest.param(
            lambda: attacks.changing_batches(100), {"server_error"}, 10, id="other batches"
        ),
        pytest.param(lambda: attacks.catastrophe(5), set(), 30, id="an expression"),
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
    outcome = await attacks.directory(10)

    assert (outcome.ended, outcome.told) == (False, "heals")
    assert outcome.descriptors <= 2


async def test_a_token_in_escapes() -> None:
    """It is in no log and on no page."""
    assert (await attacks.repeated_token(2)).told == "not told"


async def test_cookies() -> None:
    """None is sent back."""
    outcome = await attacks.cookies(20)

    assert int(outcome.told.split()[0]) < 1000
