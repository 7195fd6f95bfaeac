"""Runs of items: what did not change is not read again."""

from collections.abc import Sequence

import pytest

from exporter.api import protocol
from exporter.api.items import Reader, timestamp
from exporter.api.model import Certificate
from exporter.api.protocol import Reading
from tests.world.builders import body, item

MANY = [item(uuid=f"u{n}", name=f"n{n}") for n in range(2000)]


def read(reader: Reader, items: Sequence[object]) -> Reading:
    return protocol.read(200, {}, body(*items), now=0, reader=reader)


def kept(before: Reading, after: Reading) -> int:
    """How many certificates are the same objects as before."""
    known = {id(c) for c in before.certificates}
    return sum(id(c) in known for c in after.certificates)


@pytest.mark.parametrize(
    ("change", "at_least"),
    [
        pytest.param(lambda items: items, 2000, id="nothing"),
        pytest.param(lambda items: [item(uuid="new", name="new"), *items], 1000, id="one comes"),
        pytest.param(lambda items: items[:700] + items[701:], 1000, id="one goes"),
        pytest.param(
            lambda items: [
                *items[:700],
                item(uuid="u700", name="n700", state="error"),
                *items[701:],
            ],
            1000,
            id="one changes",
        ),
    ],
)
def test_what_did_not_change_is_the_same_object(change: object, at_least: int) -> None:
    """A change costs its run, wherever it stands; what is read is as without a memory."""
    reader, given = Reader(), change(list(MANY))  # type: ignore[operator]
    before = read(reader, MANY)
    reader.settle()
    after = read(reader, given)

    assert read(Reader(), given) == after
    assert at_least <= kept(before, after)


def test_a_memory_holds_one_poll() -> None:
    """What the last complete poll did not meet is forgotten."""
    reader = Reader()
    first = read(reader, MANY)
    reader.settle()
    read(reader, [])
    reader.settle()

    assert kept(first, read(reader, MANY)) == 0


def test_what_nobody_wants_is_counted_by_its_uuid() -> None:
    """Neither read nor unread, so that it is not missed either."""

    def wanted(c: Certificate) -> bool:
        return c.uuid != "b"

    got = read(Reader(wanted), [item(uuid="a"), item(uuid="b", name="b")])

    assert tuple(c.uuid for c in got.certificates) == ("a",)
    assert (got.filtered, protocol.missing("ab", got)) == (("b",), ())


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-05T19:06:10Z",
        "2024-06-05t19:06:10z",
        "2024-06-05T19:06:10.25Z",
        "2024-06-05T21:06:10+02:00",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_times_are_read_alike_by_both_readings(text: str) -> None:
    """The quick reading of usual times, and the patient one for an item with an odd time."""
    quick = read(Reader(), [item(created_at=text)])
    patient = read(Reader(), [item(created_at=text, not_before="")])

    assert quick.certificates[0].created_at == patient.certificates[0].created_at
    assert timestamp(text.upper()) == quick.certificates[0].created_at
