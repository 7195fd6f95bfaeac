"""What one element of `data.certificates` means: a certificate, or why it could not be read.

Elements are read in chunks, and a chunk whose bytes are as they were is not read again.
"""

import datetime as dt
import hashlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from exporter.api.model import Certificate, Item

MAX_MESSAGE_CHARACTERS: Final = 200

_MAX_LABEL_CHARACTERS: Final = 1 << 20
_MAX_IDENTITY_CHARACTERS: Final = 255
_MAX_ATTEMPTS: Final = 1 << 53  # every integer up to here is exact as a sample value
CHUNK: Final = 1024
"""Items that are read, compared and kept together."""

# Item error codes of the API that say more than "other".
_REASON_BY_CODE: Final = {8: "not_found", 12: "timeout", 14: "forbidden", 22: "too_large"}

# Nearly every item has times with a zone, which msgspec reads in a tenth of Python's time.
_Usual = Item[Annotated[dt.datetime, msgspec.Meta(tz=True)]]
_USUAL: Final = msgspec.json.Decoder(_Usual)
_USUAL_CHUNK: Final = msgspec.json.Decoder(list[_Usual])
_ITEM: Final = msgspec.json.Decoder(Item[str])
_DECIDED: Final = ("valid", "error")

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_YEAR_2: Final = (dt.datetime(2, 1, 1, tzinfo=dt.UTC) - _EPOCH).days
_SECONDS_PER_DAY: Final = 86_400


class Unread(NamedTuple):
    """An item that could not be read: `reason` is one of `errors.REASONS`."""

    reason: str
    uuid: str
    name: str
    message: str


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
    wanted: Callable[[Certificate], bool] | None = None,
) -> Iterator[Chunk]:
    """The items in their order, those that `wanted` lets pass as certificates.

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
            yield _chunk(digest, _outcomes(raws, joined), wanted)


def _chunk(
    digest: bytes,
    outcomes: Iterable[Certificate | Unread],
    wanted: Callable[[Certificate], bool] | None,
) -> Chunk:
    certificates: list[Certificate] = []
    unread: list[Unread] = []
    filtered: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, Unread):
            unread.append(outcome)
        elif wanted is None or wanted(outcome):
            certificates.append(outcome)
        else:
            filtered.append(outcome.uuid)
    return Chunk(digest, tuple(certificates), tuple(unread), tuple(filtered))


def _outcomes(raws: Sequence[msgspec.Raw], joined: bytes) -> Iterable[Certificate | Unread]:
    """What each item of a chunk is; it is read in one go where all of it is as usual."""
    found: Sequence[Item[Any] | Unread]
    try:
        found = _USUAL_CHUNK.decode(b"[%b]" % joined)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = [item(raw) for raw in raws]
    bound = certificate if len(joined) <= _MAX_LABEL_CHARACTERS else _bounded
    return [one if isinstance(one, Unread) else bound(one) for one in found]


def _bounded(found: Item[Any]) -> Certificate | Unread:
    """As `certificate`, of an item whose fields may be longer than a label value may be."""
    if _longest(found) > _MAX_LABEL_CHARACTERS:
        return unread(found, "too_large", f"a field is over {_MAX_LABEL_CHARACTERS} characters")
    return certificate(found)


def certificate(found: Item[Any]) -> Certificate | Unread:
    """The item as a certificate, or why it is none; never raises."""
    if found.status == "error":
        reason = _REASON_BY_CODE.get(found.error or 0, "other")
        return unread(found, reason, found.message or f"the API reports error {found.error}")
    uuid, name, state = found.uuid, found.name, found.state
    if not (uuid and name and state):
        lacking = next(f for f in ("uuid", "name", "state") if not getattr(found, f))
        return unread(found, "undecodable", f"the item has no {lacking}")
    try:
        return _known(found, uuid, name, state)
    except (ValueError, OverflowError) as exc:
        return unread(found, "undecodable", str(exc))


def item(raw: msgspec.Raw) -> Item[Any] | Unread:
    """The item's fields as they stand on the wire, or why they cannot be told."""
    try:
        return _USUAL.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return _ITEM.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        uuid, name = _identity(raw)
        return Unread("undecodable", uuid, name, str(exc))


def unread(found: Item[Any], reason: str, message: str) -> Unread:
    """The item as one that could not be read, its texts cut to a length that a log can bear."""
    uuid = (found.uuid or "")[:_MAX_IDENTITY_CHARACTERS]
    name = (found.name or "")[:_MAX_IDENTITY_CHARACTERS]
    return Unread(reason, uuid, name, message[:MAX_MESSAGE_CHARACTERS])


def timestamp(value: str | dt.datetime | None) -> float | None:
    """Unix seconds of a moment or of an ISO 8601 text; None where it is missing, empty or zero.

    Whole seconds are an int, which is quicker to write. Without a zone it is UTC.
    Year 1 is the zero time of the platform's language, not a date.
    Raises ValueError for anything else that is not a date.
    """
    if not value:
        return None
    if isinstance(value, str):
        # RFC 3339 allows small letters, Python does not.
        value = dt.datetime.fromisoformat(value.upper())
        if value.tzinfo is None:
            value = value.replace(tzinfo=dt.UTC)
    since = value - _EPOCH
    days, fraction = since.days, since.microseconds
    if days < _YEAR_2:
        return None
    seconds = days * _SECONDS_PER_DAY + since.seconds
    return seconds + fraction / 1e6 if fraction else seconds


class _Named(msgspec.Struct, frozen=True):
    uuid: msgspec.Raw = msgspec.Raw(b"")
    name: msgspec.Raw = msgspec.Raw(b"")


def _identity(raw: msgspec.Raw) -> tuple[str, str]:
    """The uuid and name of an item that is wrong elsewhere; empty where they are wrong too."""

    def text(value: msgspec.Raw) -> str:
        try:
            return msgspec.json.decode(value, type=str)[:_MAX_IDENTITY_CHARACTERS]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    return text(named.uuid), text(named.name)


def _longest(found: Item[Any]) -> int:
    texts = [found.uuid, found.name, found.common_name, found.state]
    texts += [found.subject, found.issuer, found.serial_number]
    for group in found.service_groups or ():
        texts += [group.uuid, group.name]
    return max(len(text or "") for text in texts)


def _known(found: Item[Any], uuid: str, name: str, state: str) -> Certificate:
    """The item as a certificate; raises ValueError where a time or a number makes no sense."""
    attempts, following = 0, None
    # A validation runs until the request is decided (specification, "Certificate States"),
    # also in states that the API may invent.
    if found.validation is not None and state not in _DECIDED:
        attempts, following = found.validation.attempt, timestamp(found.validation.next)
        if not 0 <= attempts <= _MAX_ATTEMPTS:
            raise ValueError(f"{attempts} is no number of validation attempts")
    groups = found.service_groups or ()
    # By position, and few issuers and states shared by all: this is done for every certificate.
    return Certificate(
        uuid,
        name,
        found.common_name or "",
        sys.intern(state),
        timestamp(found.created_at),
        timestamp(found.not_before),
        timestamp(found.not_after),
        attempts,
        following,
        found.subject or "",
        sys.intern(found.issuer or ""),
        found.serial_number or "",
        groups if len(groups) < 2 else tuple(dict.fromkeys(groups)),
    )
