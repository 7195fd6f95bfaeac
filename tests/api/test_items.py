"""Chunks of items: what did not change is not read again."""

from collections.abc import Callable, Sequence

import pytest

from exporter.api import model, protocol
from exporter.api.items import CHUNK, Chunk
from exporter.api.model import Certificate
from exporter.api.protocol import Reading
from exporter.loop import finished
from tests.world.builders import body, item

MANY = [item(uuid=f"u{n}", name=f"n{n}") for n in range(2 * CHUNK)]


def read(items: Sequence[object], known: Sequence[Chunk] = ()) -> Reading:
    return finished(protocol.read((200, {}, body(*items)), now=0, known=known))


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

    def passes(c: Certificate) -> bool:
        return c.uuid != "b"

    answer = body(item(uuid="a"), item(uuid="b", name="b"))
    got = finished(protocol.read((200, {}, answer), now=0, passes=passes))

    assert tuple(c.uuid for c in got.certificates) == ("a",)
    assert (got.filtered, protocol.missing("ab", got)) == (("b",), ())


FIELDS = ("created_at", "not_before", "not_after")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "text",
    [
        "2024-06-05T19:06:10Z",
        "2024-06-05t19:06:10z",
        "2024-06-05T19:06:10.25Z",
        "2024-06-05T21:06:10+02:00",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_times_are_read_alike_by_both_readings(text: str, field: str) -> None:
    """The quick reading of usual items, and the patient one of an item that is odd elsewhere."""
    quick = read([item(**{field: text})]).certificates[0]
    patient = read([item(**{field: text, "serial_number": 1})]).certificates[0]

    assert getattr(patient, field) == getattr(quick, field)
    assert (patient.unread, quick.unread) == (("serial_number",), ())


ODD: dict[str, list[object]] = {
    "uuid": [7, {}, [], True, "u" * 2000],
    "name": [7, {}, [], True, "n" * 2000],
    "created_at": [1767225600, {}, "yesterday", "2026-02-30T00:00:00Z", True],
    "common_name": [7, ["example.com"], {"dns": "example.com"}, "c" * 2000],
    "state": [2, ["valid"], {"name": "valid"}, "s" * 2000],
    "validation": [3, "2", [], {"attempt": "2"}, {"attempt": 2**70}, {"attempt": -1}],
    "subject": [{"CN": "example.com"}, ["CN=example.com"], 5, "s" * 2000],
    "issuer": [{"O": "Let's Encrypt"}, 5, "i" * 2000],
    "serial_number": [1, 1.5, {}, True, "A" * 2000],
    "not_before": [1767225600, {}, "soon", "2026-13-01T00:00:00Z"],
    "not_after": [1767225600, 1e300, {}, "soon", [], "12/30/2026", "z" * 2000],
    "service_groups": [["g1"], {}, "g1", 1, [{"uuid": "u", "name": None}], [{"name": "n" * 2000}]],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in ODD.items() for value in values]
)
def test_an_odd_field_costs_that_field(field: str, value: object) -> None:
    """The certificate is served with all the rest of it, and its neighbours are untouched."""
    assert ODD.keys() == set(model.FIELDS)
    odd = item(uuid="odd", name="odd", state="pending") | {field: value}
    got = read([item(), odd, item(uuid="other", name="other")])
    plain = read([item(uuid="odd", name="odd", state="pending")]).certificates[0]
    one = got.certificates[1]
    different = {f for f in plain.__struct_fields__ if getattr(one, f) != getattr(plain, f)}

    assert (len(got.certificates), got.unread) == (3, ())
    assert one.unread == (field,)
    own = {"validation": {"attempts", "validation_seen"}, "uuid": {"uuid"}, "name": {"name"}}
    assert different <= {"unread", *own.get(field, {field})}
    assert getattr(one, "attempts" if field == "validation" else field) in (
        {"name": ("odd",), "uuid": ("",)}.get(field, ("", None))
    )


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(b'"note":"\\ud83d"', id="half a surrogate, unknown field"),
        pytest.param(b'"subject":"CN=b \\ud83d"', id="half a surrogate"),
        pytest.param(b'"subject":"\\x"', id="no such escape"),
        pytest.param(b'"subject":"\xff"', id="not UTF-8"),
        pytest.param(b'"subject":' + b"[" * 5000 + b"]" * 5000, id="nested deeply"),
        pytest.param(b'"note":' + b'{"a":' * 5000 + b"1" + b"}" * 5000, id="unknown and deep"),
        pytest.param(b'"subject":NaN', id="not a number"),
        pytest.param(b'"subject":"\n"', id="a bare line feed"),
    ],
)
def test_what_a_decoder_refuses_costs_its_field(part: bytes) -> None:
    """RFC 8259, section 8.2, allows half a surrogate; nesting and bytes cost nobody else."""
    answer = body(item(), {**item(uuid="odd", name="odd"), "subject": "HERE"})
    got = finished(protocol.read((200, {}, answer.replace(b'"subject": "HERE"', part)), now=0))

    assert [c.name for c in got.certificates] == ["example.com-x9d9k", "odd"]
    assert got.certificates[1].not_after == got.certificates[0].not_after
    assert got.certificates[1].unread == (("subject",) if part.startswith(b'"sub') else ())


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"not_after": "1970-01-01T00:00:00Z"}, True),
        ({"not_after": "0001-01-01T00:00:00Z"}, True),
        ({"not_after": "0000-00-00 00:00:00"}, True),
        ({"not_after": ""}, True),
        ({"not_after": None}, False),
        ({"not_after": ...}, False),
        ({}, False),
    ],
)
def test_an_expiry_that_is_told_to_be_none(overrides: dict[str, object], expected: bool) -> None:
    """Zero and empty are an answer, silence is none."""
    (got,) = read([item(**overrides)]).certificates

    assert (got.told_unissued, got.unread) == (expected, ())
    assert (got.not_after is None) == bool(overrides)
