"""Who counts as one client address, and who goes first or next among many."""

import asyncio

import pytest

from exporter.web.listener.clients import Shares, share
from exporter.web.listener.turns import Rotation, Turns


@pytest.mark.parametrize(
    ("host", "want"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::2", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::2", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_what_is_one_address(host: str, want: str) -> None:
    """A /64 of IPv6, and IPv4 in whatever notation."""
    assert share(host) == want


@pytest.mark.parametrize(
    ("puts", "want"),
    [
        pytest.param("a1 b1", "a1", id="equal shares: the first"),
        pytest.param("b1 a1 a2", "a1", id="the largest share"),
        pytest.param("a1 a2 b1 a1", "a2", id="moved to the end"),
        pytest.param("a1 a2 b1 a3 -a1", "a2", id="one that is gone"),
        pytest.param("a1 a2 b1 -a1 -a2", "b1", id="a share that is gone"),
    ],
)
def test_who_goes_first(puts: str, want: str) -> None:
    """Of the largest share, whoever is there longest without a move."""
    shares: Shares[str] = Shares()
    for put in puts.split():
        if put.startswith("-"):
            shares.discard(put[1:])
        else:
            shares.put(put, put[0])

    assert shares.first() == want


def test_who_is_gone_does_not_come_back() -> None:
    """A move is of members only."""
    shares: Shares[str] = Shares()
    shares.move_to_end("a1")

    assert (len(shares), list(shares)) == (0, [])


def test_a_rotation_goes_round_among_owners() -> None:
    """However many items one of them has."""
    rotation: Rotation[str] = Rotation()
    for item in ("a1", "a2", "a3", "b1", "c1"):
        rotation.put(item[0], item, first=False)
    rotation.put("b", "b0", first=True)
    last = rotation.pop_last()

    assert last == "a3"
    assert [rotation.pop() for _ in range(len(rotation))] == ["a1", "b0", "c1", "a2", "b1"]


@pytest.mark.anyio
async def test_turns_go_round_among_addresses() -> None:
    """And of an address, whoever has begun ends first."""
    turns = Turns()
    order: list[str] = []

    async def work(name: str) -> None:
        for step in range(2):
            await turns.turn(name[0], begun=step > 0)
            order.append(name)

    await asyncio.gather(*(work(name) for name in ("a1", "a2", "a3", "b1")))

    assert order == ["a1", "b1", "a1", "b1", "a2", "a2", "a3", "a3"]


@pytest.mark.anyio
async def test_a_turn_that_nobody_takes_any_more() -> None:
    """Is passed on."""
    turns = Turns()
    first, second = (asyncio.create_task(turns.turn("a", begun=False)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await second

    assert first.cancelled()
