"""What one element of `data.certificates` means, a field at a time.

Elements are read in chunks, and a chunk whose bytes are as they were is not read again.
"""

import datetime as dt
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from exporter.api import spans
from exporter.api.model import FIELDS, Certificate, ServiceGroup, Unread
from exporter.api.names import domain
from exporter.api.times import moment, unix
from exporter.loop import Steps, finished

CHUNK: Final = 1024
"""Items that are read, compared and kept together."""

MAX_MESSAGE_CHARACTERS: Final = 200
MAX_TEXT_CHARACTERS: Final = 1024
"""No field is longer (a name has at most 255): what is would be a label of any length."""

MAX_SERVICE_GROUPS: Final = 1000

_LONG: Final = 1 << 16
_PAUSES: Final = 16  # an item of more than a million tokens holds up the others

_MAX_ATTEMPTS: Final = 1 << 53  # every integer up to here is exact as a sample value

# Item error codes of the API that say more than "other".
_REASON_BY_CODE: Final = {8: "not_found", 12: "timeout", 14: "forbidden", 22: "too_large"}
_DECIDED: Final = ("valid", "error")

# Nearly every item has times with a zone, which msgspec reads in a tenth of Python's time.
_Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]


class Validation(msgspec.Struct, frozen=True, gc=False):
    """A running validation: `attempt` counts those made, `next` is when the next one is due."""

    attempt: int | None = 0
    next: _Time | None = None


class Item(msgspec.Struct, frozen=True, gc=False):
    """One element of `data.certificates` as it stands on the wire.

    Listing everything leaves out `status`; listing names leaves out all but `uuid` and `name`.
    A failed element has `status` "error", a `message` and an `error` code.
    """

    uuid: str | None = None
    name: str | None = None
    status: str | None = None
    message: str | None = None
    error: int | None = None
    created_at: _Time | None = None
    common_name: str | None = None
    state: str | None = None
    validation: Validation | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: _Time | None = None
    not_after: _Time | None = None
    service_groups: tuple[ServiceGroup, ...] | None = None


class Chunk(NamedTuple):
    """What neighbouring items are, and the digest of their bytes.

    `filtered` are the uuids of certificates that nobody asked for.
    """

    digest: bytes
    certificates: tuple[Certificate, ...]
    unread: tuple[Unread, ...] = ()
    filtered: tuple[str, ...] = ()


def read_chunks(
    items: Sequence[msgspec.Raw],
    known: Sequence[Chunk] = (),
    passes: Callable[[Certificate], bool] | None = None,
) -> Iterator[Chunk | None]:
    """The items in their order, those that `passes` lets pass as certificates; None for a pause.

    A chunk whose bytes are those of `known` in the same place is that one: its certificates stay
    the same objects, so that whoever compares polls is told at once.
    """
    for place, start in enumerate(range(0, len(items), CHUNK)):
        raws = items[start : start + CHUNK]
        joined = b",".join(raws)
        # A digest that nobody can forge: one certificate must not pass for another.
        digest = hashlib.sha256(joined).digest()
        if place < len(known) and known[place].digest == digest:
            yield known[place]
        else:
            outcomes = yield from _outcomes(raws, joined)
            yield _chunk(digest, outcomes, passes)


def _chunk(
    digest: bytes,
    outcomes: Iterable[Certificate | Unread],
    passes: Callable[[Certificate], bool] | None,
) -> Chunk:
    certificates: list[Certificate] = []
    unread: list[Unread] = []
    filtered: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Unread):
            unread.append(outcome)
        elif passes is None or passes(outcome):
            certificates.append(outcome)
        else:
            filtered.append(outcome.uuid)
    return Chunk(digest, tuple(certificates), tuple(unread), tuple(filtered))


_ITEM: Final = msgspec.json.Decoder(Item)
_ITEMS: Final = msgspec.json.Decoder(list[Item])


_FIELDS_OF_ITEM: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _outcomes(raws: Sequence[msgspec.Raw], joined: bytes) -> Steps[Sequence[Certificate | Unread]]:
    """What each item of a chunk is; it is read in one go where all of it is as usual."""
    try:
        items = _ITEMS.decode(b"[%b]" % joined)
    except _UNREADABLE:
        outcomes = []
        for raw in raws:
            outcomes.append(read_item(raw))
            if len(raw) > _LONG:
                yield
        return outcomes
    return [
        # Within so few bytes no field is longer than it may be.
        outcome(item) if len(raw) <= MAX_TEXT_CHARACTERS else read_item(raw)
        for item, raw in zip(items, raws, strict=True)
    ]


def read_item(raw: msgspec.Raw) -> Certificate | Unread:
    """The item as a certificate, or why it is none; never raises."""
    try:
        fields = _fields(raw)
    except ValueError as exc:
        return Unread("undecodable", "", "", str(exc)[:MAX_MESSAGE_CHARACTERS])
    readable: dict[str, Any] = {}
    unread: list[str] = []
    for field, read in _READERS.items():
        try:
            value = read(fields[field]) if field in fields else None
        except (*_UNREADABLE, ValueError, OverflowError):
            if field in FIELDS:
                unread.append(field)
        else:
            readable[field] = value
    return outcome(Item(**readable), tuple(unread))


def _fields(raw: msgspec.Raw) -> dict[str, msgspec.Raw]:
    """The item's fields, none of them decoded; raises ValueError where it is no object."""
    try:
        return _FIELDS_OF_ITEM.decode(raw)
    except _UNREADABLE:
        text = bytes(raw)
        placed = finished(spans.members(text, (0, len(text))), most=_PAUSES)
        return {k.decode(errors="replace"): msgspec.Raw(text[slice(*s)]) for k, s in placed.items()}


def outcome(item: Item, unread: tuple[str, ...] = ()) -> Certificate | Unread:
    """The item as a certificate, of which these fields could not be read, or why it is none."""
    if item.status == "error":
        reason = _REASON_BY_CODE.get(item.error or 0, "other")
        return _failed(item, reason, item.message or f"the API reports error {item.error}")
    uuid, name = item.uuid or "", item.name or item.uuid
    if not name:
        return _failed(item, "undecodable", "the item has neither a name nor a uuid")
    state = item.state or ""
    attempts: int | None = 0
    following = None
    # A validation runs until the request is decided (specification, "Certificate States"),
    # also in states that the API may invent.
    if item.validation is not None and state not in _DECIDED:
        attempts, following = item.validation.attempt, unix(item.validation.next)
        if attempts is not None and not 0 <= attempts <= _MAX_ATTEMPTS:
            attempts, unread = None, (*unread, "validation")
    elif "validation" in unread and state not in _DECIDED:
        attempts = None
    not_after = unix(item.not_after)
    groups = item.service_groups
    # By position, and few issuers and states shared by all: this is done for every certificate.
    return Certificate(
        uuid,
        name,
        domain(item.common_name or ""),
        sys.intern(state),
        unix(item.created_at),
        unix(item.not_before),
        not_after,
        attempts,
        following,
        item.subject or "",
        sys.intern(item.issuer or ""),
        item.serial_number or "",
        groups if groups is None or len(groups) < 2 else tuple(dict.fromkeys(groups)),
        item.validation is not None,
        not_after is None and item.not_after is not None,
        None,
        unread,
    )


def _failed(item: Item, reason: str, message: str) -> Unread:
    said = message[:MAX_MESSAGE_CHARACTERS]
    return Unread(reason, item.uuid or "", item.name or "", said, gone=reason == "not_found")


def _text(raw: msgspec.Raw) -> str | None:
    text: str | None = msgspec.json.decode(raw, type=str | None)
    if text is not None and len(text) > MAX_TEXT_CHARACTERS:
        raise ValueError(f"longer than {MAX_TEXT_CHARACTERS} characters")
    return text


def _time(raw: msgspec.Raw) -> dt.datetime | None:
    text = _text(raw)
    return None if text is None else moment(text)


def _message(raw: msgspec.Raw) -> str | None:
    text: str | None = msgspec.json.decode(raw, type=str | None)
    return text


def _code(raw: msgspec.Raw) -> int | None:
    code: int | None = msgspec.json.decode(raw, type=int | None)
    return code


def _validation(raw: msgspec.Raw) -> Validation | None:
    if bytes(raw).strip() == b"null":
        return None
    fields = _fields(raw)
    attempt = _code(fields["attempt"]) if "attempt" in fields else 0
    return Validation(attempt, _time(fields["next"]) if "next" in fields else None)


def _service_groups(raw: msgspec.Raw) -> tuple[ServiceGroup, ...] | None:
    groups = msgspec.json.decode(raw, type=tuple[ServiceGroup, ...] | None)
    if groups is not None and (
        len(groups) > MAX_SERVICE_GROUPS
        or any(max(len(g.uuid), len(g.name)) > MAX_TEXT_CHARACTERS for g in groups)
    ):
        raise ValueError("more or longer service groups than there can be")
    return groups


_READERS: Final[Mapping[str, Callable[[msgspec.Raw], Any]]] = {
    "status": _message,
    "message": _message,
    "error": _code,
    "uuid": _text,
    "name": _text,
    "created_at": _time,
    "common_name": _text,
    "state": _text,
    "validation": _validation,
    "subject": _text,
    "issuer": _text,
    "serial_number": _text,
    "not_before": _time,
    "not_after": _time,
    "service_groups": _service_groups,
}
