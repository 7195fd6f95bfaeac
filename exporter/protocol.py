"""What the API's answers mean, and what to ask it, without any I/O."""

import datetime as dt
import email.utils
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from exporter.errors import (
    Forbidden,
    NotFound,
    PollError,
    RateLimited,
    ServerError,
    Unauthorized,
    Undecodable,
    Unexpected,
)
from exporter.model import Certificate, Envelope, Item, Validation

BATCH_SIZE: Final = 200
"""Certificates asked for in one request; servers refuse more than 253."""

_MAX_LABEL_CHARACTERS: Final = 1 << 20
_MAX_MESSAGE_CHARACTERS: Final = 200
_MAX_ATTEMPTS: Final = 1 << 53  # every integer up to here is exact as a sample value

# Item error codes of the API that say more than "other".
_REASON_BY_CODE: Final = {8: "not_found", 12: "timeout", 14: "forbidden", 22: "too_large"}


class Request(NamedTuple):
    """One GET: `endpoint` is its path and a bounded label value, `content` a JSON body."""

    endpoint: str
    query: str = ""
    content: bytes | None = None


EVERYTHING: Final = Request("/v1/certificates")
"""All certificates with their details (`details` defaults to true)."""
LIST: Final = Request("/v1/certificates/list")
"""All uuids and names, first generation."""
LIST_WITHOUT_DETAILS: Final = Request("/v1/certificates", "details=false")
"""All uuids and names, where `/list` is gone."""


def details(uuids: Sequence[str]) -> Request:
    """The request for the details of these certificates, named in a JSON array body."""
    return Request("/v1/certificates", content=msgspec.json.encode([{"uuid": u} for u in uuids]))


def batches(uuids: Iterable[str]) -> Iterator[list[str]]:
    """The uuids in order, in lists of at most `BATCH_SIZE`."""
    remaining = iter(uuids)
    while batch := list(itertools.islice(remaining, BATCH_SIZE)):
        yield batch


class Unread(NamedTuple):
    """An item that could not be read: `reason` is one of `errors.REASONS`."""

    reason: str
    uuid: str
    name: str
    message: str


class Reading(NamedTuple):
    """What one or more answers said: `listed` items, each either a certificate or unread."""

    listed: int
    certificates: tuple[Certificate, ...]
    unread: tuple[Unread, ...]


def read(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> Reading:
    """The certificates of an answer with details.

    `now` is Unix time, for a `Retry-After` that is a date.
    Raises `PollError` where the request as a whole failed; a failed item never raises.
    """
    items = _items(status, headers, body, now=now)
    certificates: list[Certificate] = []
    unread: list[Unread] = []
    for raw in items:
        outcome = _certificate(raw)
        if isinstance(outcome, Unread):
            unread.append(outcome)
        else:
            certificates.append(outcome)
    return Reading(len(items), tuple(certificates), tuple(unread))


class Listing(NamedTuple):
    """The uuids of every certificate, and the items that name none."""

    uuids: tuple[str, ...]
    unread: tuple[Unread, ...]


def read_list(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> Listing:
    """The uuids of an answer without details; raises as `read` does."""
    uuids: list[str] = []
    unread: list[Unread] = []
    for raw in _items(status, headers, body, now=now):
        item = _item(raw)
        if isinstance(item, Unread):
            unread.append(item)
        elif item.uuid:
            uuids.append(item.uuid)
        else:
            unread.append(_unread(item, "undecodable", "the item has no uuid"))
    return Listing(tuple(dict.fromkeys(uuids)), tuple(unread))


def missing(asked: Iterable[str], reading: Reading) -> tuple[Unread, ...]:
    """The uuids that were asked for and that the answer passes over in silence."""
    seen = {c.uuid for c in reading.certificates} | {u.uuid for u in reading.unread}
    return tuple(
        Unread("not_found", uuid, "", "the answer does not mention it")
        for uuid in asked
        if uuid not in seen
    )


def _items(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> list[msgspec.Raw]:
    if status != 200:
        raise _request_failure(status, _message(body), retry_after(headers, now=now))
    try:
        envelope = _ENVELOPE.decode(body)
        items = _ITEMS.decode(envelope.data.certificates) if envelope.data else None
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        kind = headers.get("content-type", "no content type")[:_MAX_MESSAGE_CHARACTERS]
        raise Undecodable(f"not the JSON of the specification ({kind}): {exc}") from exc
    if items is None and envelope.status == "error":
        code = next((e.status for e in envelope.errors or () if e.status), 0)
        message = (envelope.message or "")[:_MAX_MESSAGE_CHARACTERS]
        raise _request_failure(code, message, retry_after(headers, now=now))
    return items or []


_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw] | None)
_ITEM: Final = msgspec.json.Decoder(Item)


def _request_failure(status: int, message: str, retry: float | None) -> PollError:
    """The error for a request that failed as a whole: the one place that looks at statuses."""
    said = f"the API answered {status or 'an error'}" + (f": {message}" if message else "")
    kinds = {401: Unauthorized, 403: Forbidden, 404: NotFound, 429: RateLimited}
    kind: type[PollError] = kinds.get(status, ServerError if status >= 500 else Unexpected)
    return kind(said, retry_after=retry)


def _message(body: bytes) -> str:
    """The envelope's message, where a failed answer has an envelope; a proxy's HTML has none."""
    try:
        return (_ENVELOPE.decode(body).message or "")[:_MAX_MESSAGE_CHARACTERS]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds from `now` that `Retry-After` asks for, or None (RFC 9110, section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=dt.UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def timestamp(value: str | None) -> float | None:
    """Unix seconds of an ISO 8601 date and time; None where it is missing, empty or zero.

    Without a zone it is UTC. Year 1 is the zero time of the platform's language, not a date.
    Raises ValueError for anything else that is not a date.
    """
    if not value:
        return None
    moment = dt.datetime.fromisoformat(value)
    if moment.year == 1:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.timestamp()


def _item(raw: msgspec.Raw) -> Item | Unread:
    try:
        return _ITEM.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        uuid, name = _identity(raw)
        return Unread("undecodable", uuid, name, str(exc))


class _Named(msgspec.Struct, frozen=True):
    uuid: msgspec.Raw = msgspec.Raw(b"")
    name: msgspec.Raw = msgspec.Raw(b"")


def _identity(raw: msgspec.Raw) -> tuple[str, str]:
    """The uuid and name of an item that is wrong elsewhere; empty where they are wrong too."""

    def text(value: msgspec.Raw) -> str:
        try:
            return msgspec.json.decode(value, type=str)[:255]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    return text(named.uuid), text(named.name)


def _unread(item: Item, reason: str, message: str) -> Unread:
    name = (item.name or "")[:255]
    return Unread(reason, (item.uuid or "")[:255], name, message[:_MAX_MESSAGE_CHARACTERS])


def _certificate(raw: msgspec.Raw) -> Certificate | Unread:
    item = _item(raw)
    if isinstance(item, Unread):
        return item
    if item.status == "error":
        reason = _REASON_BY_CODE.get(item.error or 0, "other")
        return _unread(item, reason, item.message or f"the API reports error {item.error}")
    if not (item.uuid and item.name and item.state):
        lacking = next(f for f in ("uuid", "name", "state") if not getattr(item, f))
        return _unread(item, "undecodable", f"the item has no {lacking}")
    if len(memoryview(raw)) > _MAX_LABEL_CHARACTERS and _longest(item) > _MAX_LABEL_CHARACTERS:
        return _unread(item, "too_large", f"a field is over {_MAX_LABEL_CHARACTERS} characters")
    try:
        return _known(item, item.uuid, item.name, item.state)
    except (ValueError, OverflowError) as exc:
        return _unread(item, "undecodable", str(exc))


def _longest(item: Item) -> int:
    texts = [item.uuid, item.name, item.common_name, item.state]
    texts += [item.subject, item.issuer, item.serial_number]
    for group in item.service_groups or ():
        texts += [group.uuid, group.name]
    return max(len(text or "") for text in texts)


_NO_VALIDATION: Final = Validation()


def _known(item: Item, uuid: str, name: str, state: str) -> Certificate:
    """The item as a certificate; raises ValueError where a time or a number makes no sense."""
    # A validation runs until the request is decided (specification, "Certificate States"),
    # also in states that the API may invent.
    running = (item.validation if state not in ("valid", "error") else None) or _NO_VALIDATION
    if not 0 <= running.attempt <= _MAX_ATTEMPTS:
        raise ValueError(f"{running.attempt} is no number of validation attempts")
    return Certificate(
        uuid=uuid,
        name=name,
        common_name=item.common_name or "",
        state=state,
        created_at=timestamp(item.created_at),
        not_before=timestamp(item.not_before),
        not_after=timestamp(item.not_after),
        attempts=running.attempt,
        next_attempt=timestamp(running.next),
        subject=item.subject or "",
        issuer=item.issuer or "",
        serial_number=item.serial_number or "",
        service_groups=tuple(dict.fromkeys(item.service_groups or ())),
    )
