"""Chunks of items: what did not change is not read again."""

from collections.abc import Callable, Sequence

import pytest

from exporter.api import protocol
from exporter.api.items import CHUNK, Chunk, timestamp
from exporter.api.model import Certificate
from exporter.api.protocol import Reading
from tests.world.builders import body, item

MANY = [item(uuid=f"u{n}", name=f"n{n}") for n in range(2 * CHUNK)]


def read(items: Sequence[object], known: Sequence[Chunk] = ()) -> Reading:
    return protocol.read(200, {}, body(*items), now=0, known=known)


def kept(before: Reading, after: Reading) -> int:
    """How many certificates are the same objects as before."""
    known = {id(c) for c in before.certificates}
    return sum(id(c) in known for c in after.certificates)


def changed(place: int) -> Callable[[list[object]], list[object]]:
    other = item(uuid=f"u{place}", name=f"n{place}", state="error")
    return lambda items: [*items[:place], other, *items[place + 1 :]]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param(lambda items: items, 2 * CHUNK, id="nothing"),
        pytest.param(lambda items: [*items, item(uuid="new")], 2 * CHUNK, id="one comes"),
        pytest.param(lambda items: items[: CHUNK + 5] + items[CHUNK + 6 :], CHUNK, id="one goes"),
        pytest.param(changed(5), CHUNK, id="one changes"),
        pytest.param(lambda items: items[1:], 0, id="the first goes"),
    ],
)
def test_what_did_not_change_is_the_same_object(
    change: Callable[[list[object]], list[object]], same: int
) -> None:
    """A change costs its chunk; what is read is as without a memory."""
    given = change(list(MANY))
    before = read(MANY)
    after = read(given, before.chunks)

    assert read(given) == after
    assert same == kept(before, after)


def test_what_nobody_wants_is_counted_by_its_uuid() -> None:
    """Neither read nor unread, so that it is not missed either."""

    def wanted(c: Certificate) -> bool:
        return c.uuid != "b"

    answer = body(item(uuid="a"), item(uuid="b", name="b"))
    got = protocol.read(200, {}, answer, now=0, wanted=wanted)

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
    quick = read([item(created_at=text)])
    patient = read([item(created_at=text, not_before="")])

    assert quick.certificates[0].created_at == patient.certificates[0].created_at
    assert timestamp(text.upper()) == quick.certificates[0].created_at
