"""What must come of something odd, by the rules of the design and not case by case.

Design, decisions 6 and 7: what cannot be read costs the field that it is in, and what was told
before stays true; only an item without uuid and name, or a failed one, is skipped, and what it was
before stays; only where the list of certificates cannot be told from the rest does the poll fail.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tests.faults.kinds import Kind
from tests.faults.places import Place
from tests.faults.specification import UNKNOWN

_ATTEMPTS: Final = 2**53
_BOTH: Final = frozenset({"neighbour", "odd"})
_NEIGHBOUR: Final = frozenset({"neighbour"})
_NOBODY: Final[frozenset[str]] = frozenset()
_TEXTS: Final = ("string", "moment")


class Outcome(NamedTuple):
    """What comes of a poll.

    It fails for a `reason`, or counts items that were `skipped` by reason and fields that were
    `unread`, and serves certificates of these `names`. `same` are those of which every series is
    as it was before.
    """

    reason: str = ""
    skipped: Mapping[str, int] = {}
    unread: Mapping[str, int] = {}
    names: frozenset[str] = _BOTH
    same: frozenset[str] = _BOTH


def fails(reason: str) -> Outcome:
    """The poll fails; what was known stays."""
    return Outcome(reason)


FINE: Final = Outcome()
EMPTY: Final = Outcome(names=_NOBODY, same=_NOBODY)
UNDECODABLE: Final = fails("undecodable")


def expected(place: Place, kind: Kind) -> Outcome:
    """What must come of this kind in that place."""
    if place.of == "refusal":
        return fails("unauthorized")
    if kind.broken:
        return UNDECODABLE
    if place.of == "error":
        return _error(place, kind)
    return _inside(place, kind) if place.field else _around(place, kind)


def _around(place: Place, kind: Kind) -> Outcome:
    """Outside of the items and in the place of one."""
    if not place.path:
        return _nothing_listed(place) if kind.type == "object" else UNDECODABLE
    if place.path[0] != "data" or place.path[-1] == UNKNOWN:
        return FINE  # there is a list all the same
    return _item(place) if place.path[-1] == 1 else _listed(place, kind)


def _inside(place: Place, kind: Kind) -> Outcome:
    """Inside of an item."""
    if place.item == "failed":
        return _failed(place, kind)
    if place.field == "uuid":
        return _uuid(place, kind)
    return FINE if place.of == "list" else _field(place, kind)


def _error(place: Place, kind: Kind) -> Outcome:
    """An error with status 200: nothing odd in it makes an empty inventory of it."""
    if not place.path:
        return _nothing_listed(place) if kind.type == "object" else UNDECODABLE
    if place.type == "unknown":
        return fails("not_found") if len(place.path) == 1 or _skipped(kind) else UNDECODABLE
    if kind.type == "right":
        return UNDECODABLE if len(place.path) > 1 else fails("not_found")
    reads = _reads(place.type, kind, bounded=False)
    if reads == "refused" or (reads == "none" and place.path[-1] == 0):
        return UNDECODABLE
    if place.path[0] != "errors":
        return EMPTY if place.path == ("status",) else fails("not_found")
    code = _integer(kind) if place.path[-1] == "status" else None
    return fails("server_error" if code and code >= 500 else "other")


def _nothing_listed(place: Place, **skipped: int) -> Outcome:
    """An empty inventory; details that were asked for and are not told stay as they were."""
    if place.of == "details":
        return Outcome(skipped={**skipped, "not_found": 2})
    return EMPTY._replace(skipped=skipped)


def _listed(place: Place, kind: Kind) -> Outcome:
    """No data and no list are an empty inventory, something else in their place is none."""
    if kind.value is None and place.path[-1] == "certificates":
        return UNDECODABLE  # `data` then holds another key
    if kind.type == "null" or kind.value == (b"{}" if place.type == "object" else b"[]"):
        return _nothing_listed(place)
    if kind.type == "array" and place.type != "object":
        return _nothing_listed(place, undecodable=1)._replace(names=_BOTH, same=_BOTH)
    return UNDECODABLE if kind.type != "right" else FINE


def _item(place: Place) -> Outcome:
    """Nothing in it tells which certificate it was: it may be the one that is missing."""
    missing = {"not_found": 1} if place.of == "details" else {}
    return Outcome(skipped={"undecodable": 1, **missing})


def _integer(kind: Kind) -> int | None:
    value = kind.value or b""
    digits = value.removeprefix(b"-")
    return int(value) if digits.isdigit() and len(digits) <= 1000 else None


def _skipped(kind: Kind) -> bool:
    """Whether a decoder can skip it: what it does not decode need not be UTF-8."""
    return kind.readable or kind.id == "invalid UTF-8"


def _reads(belongs: str, kind: Kind, *, bounded: bool = True) -> str:
    """Whether what `belongs` there is `told` by this kind, not told (`none`), or `refused`."""
    if belongs == "unknown" or kind.type == "right":
        return "told"
    if kind.type == "null" or (belongs in _TEXTS and kind.value == b'""'):
        return "none"
    if not kind.readable or (bounded and kind.long):
        return "refused"
    if belongs == "int":
        return "told" if _integer(kind) is not None else "refused"
    if belongs == "array of objects":
        return "told" if kind.value == b"[]" else "refused"
    return "told" if belongs == kind.type else "refused"


def _changed(name: str = "odd", **unread: int) -> Outcome:
    return Outcome(names=_NEIGHBOUR | {name}, same=_NEIGHBOUR, unread=unread)


def _field(place: Place, kind: Kind) -> Outcome:
    """What cannot be read, or is no longer told, is what was told before, and is counted."""
    if place.field in ("status", UNKNOWN) or kind.type == "right":
        return _right_after_wrong(place) if kind.type == "right" else FINE
    reads = _reads(place.type, kind)
    if place.nested:
        return _nested(place, kind, reads)
    if place.field == "validation" and kind.type == "object":
        return _changed()  # whatever its keys are
    if reads == "refused":
        return Outcome(unread={place.field: 1})
    if place.field in ("name", "validation"):
        # Without a name it is known by its uuid; without a validation none runs.
        return (
            FINE
            if place.field == "name" and reads == "none"
            else _changed(kind.text if place.field == "name" else "odd")
        )
    return Outcome(unread={place.field: 1}) if reads == "none" else _changed()


def _right_after_wrong(place: Place) -> Outcome:
    """Of two members the last one counts; inside of an array each of them must be right."""
    within = place.field == "service_groups" and place.nested and place.type != "unknown"
    return Outcome(unread={place.field: 1}) if within else FINE


def _nested(place: Place, kind: Kind, reads: str) -> Outcome:
    """What cannot be read inside of a field costs the field."""
    unread = Outcome(unread={place.field: 1})
    if place.type == "unknown":
        return FINE if place.field == "validation" or _skipped(kind) else unread
    if place.field == "validation":
        if place.nested == ("attempt",):
            if kind.value == b"null":
                return FINE
            number = _integer(kind)
            return (
                _changed()
                if kind.value is None or (number is not None and 0 <= number <= _ATTEMPTS)
                else unread
            )
        return unread if reads == "refused" else _changed()
    return unread if reads == "refused" or kind.value == b"null" else _changed()


def _uuid(place: Place, kind: Kind) -> Outcome:
    """Who is not told by uuid is told by name; another uuid is another certificate."""
    reads = _reads("string", kind)
    if kind.type == "right":
        return FINE
    if place.of == "list":
        if reads != "told":
            return Outcome(skipped={"undecodable": 1})
        return Outcome(skipped={"not_found": 1}, names=_NEIGHBOUR, same=_NEIGHBOUR)
    unread = {"uuid": 1} if reads == "refused" else {}
    if place.of == "bulk":
        return _changed() if reads == "told" else Outcome(unread=unread)
    return Outcome(skipped={"not_found": 1}, unread={} if reads == "told" else unread)


def _failed(place: Place, kind: Kind) -> Outcome:
    """A failed item is skipped for its code's reason; what was known of it stays."""
    if place.field != "uuid" or kind.type == "right":
        # Of the numbers here none is a code that says more than "other".
        return Outcome(
            skipped={"other" if place.field == "error" and kind.type != "right" else "timeout": 1}
        )
    told = _reads("string", kind) == "told"  # then it is another one that failed
    names = _NEIGHBOUR if told else _BOTH
    if place.of == "bulk":
        return Outcome(skipped={"timeout": 1}, names=names, same=names)
    # It was listed, so it is there, whatever its details are.
    return Outcome(skipped={"not_found": 1} if told else {"timeout": 1, "not_found": 1})
