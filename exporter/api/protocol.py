"""What the API's answers mean, and what to ask it, without any I/O."""

import datetime as dt
import email.utils
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from exporter.api import spans
from exporter.api.items import CHUNK, MAX_MESSAGE_CHARACTERS, Chunk, read_chunks, read_item
from exporter.api.model import Certificate, Envelope, Outcome, Unread
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
from exporter.loop import Steps

BATCH_SIZE: Final = 200
"""Certificates asked for in one request; servers refuse more than 253."""


MAX_UNREAD: Final = 10_000
"""Of an answer with more items that cannot be read, none is."""

_BYTES_PER_COMMA: Final = 24
_BYTES_PER_ITEM: Final = 64


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


class Reading(NamedTuple):
    """What one or more answers said: each of `listed` items is in one of the others.

    `filtered` are the uuids of the certificates that the operator does not want.
    `chunks` are what the next answer is compared with.
    """

    listed: int
    certificates: tuple[Certificate, ...]
    unread: tuple[Unread, ...]
    filtered: tuple[str, ...] = ()
    chunks: tuple[Chunk, ...] = ()


def read(
    answer: tuple[int, Mapping[str, str], bytes | bytearray],
    *,
    now: float,
    known: Sequence[Chunk] = (),
    passes: Callable[[Certificate], bool] | None = None,
) -> Steps[Reading]:
    """The certificates of an answer with details: of its status, headers and body.

    `now` is Unix time, for a `Retry-After` that is a date.
    `known` are the chunks of the last answer, `passes` decides which certificates are kept.
    Raises `PollError` where the request as a whole failed; a failed item never raises.
    """
    items = yield from _items(answer, now=now)
    chunks: list[Chunk] = []
    unread = 0
    for chunk in read_chunks(items, known, passes):
        if chunk is None or chunks:
            yield
        if chunk is None:
            continue
        chunks.append(chunk)
        unread += len(chunk.unread)
        if unread > MAX_UNREAD:
            raise Undecodable(f"more than {MAX_UNREAD} items cannot be read")
    return Reading(
        len(items),
        tuple(itertools.chain.from_iterable(chunk.certificates for chunk in chunks)),
        tuple(itertools.chain.from_iterable(chunk.unread for chunk in chunks)),
        tuple(itertools.chain.from_iterable(chunk.filtered for chunk in chunks)),
        tuple(chunks),
    )


class Listing(NamedTuple):
    """The uuids of every certificate, and the items that name none."""

    uuids: tuple[str, ...]
    unread: tuple[Unread, ...]


def read_list(
    answer: tuple[int, Mapping[str, str], bytes | bytearray], *, now: float
) -> Steps[Listing]:
    """The uuids of an answer without details; raises as `read` does."""
    uuids: list[str] = []
    nameless: list[Unread] = []
    for place, raw in enumerate((yield from _items(answer, now=now)), 1):
        if not place % CHUNK or len(raw) > CHUNK:
            yield
        item = read_item(raw)
        if item.uuid:
            uuids.append(item.uuid)
        elif isinstance(item, Unread):
            nameless.append(item)
        else:
            nameless.append(Unread("undecodable", "", item.name, "the item has no uuid"))
    return Listing(tuple(dict.fromkeys(uuids)), tuple(nameless))


def asked_for(asked: Iterable[str], reading: Reading) -> Reading:
    """The reading without what nobody asked for: some proxies drop the body of a GET.

    An item that names no uuid may be any of them, and stays.
    """
    uuids = {"", *asked}
    return reading._replace(
        certificates=tuple(c for c in reading.certificates if c.uuid in uuids),
        unread=tuple(u for u in reading.unread if u.uuid in uuids),
        filtered=tuple(uuid for uuid in reading.filtered if uuid in uuids),
    )


def missing(asked: Iterable[str], reading: Reading) -> tuple[Unread, ...]:
    """The uuids that were asked for and that the answer passes over in silence."""
    seen = {c.uuid for c in reading.certificates} | {u.uuid for u in reading.unread}
    seen.update(reading.filtered)
    return tuple(
        Unread("not_found", uuid, "", "the answer does not mention it")
        for uuid in asked
        if uuid not in seen
    )


def _items(
    answer: tuple[int, Mapping[str, str], bytes | bytearray], *, now: float
) -> Steps[Sequence[msgspec.Raw]]:
    status, headers, body = answer
    if status != 200:
        raise _request_failure(status, _message(body), retry_after(headers, now=now))
    try:
        envelope, items = yield from _decoded(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as exc:
        kind = headers.get("content-type", "no content type")[:MAX_MESSAGE_CHARACTERS]
        message = f"not the JSON of the specification ({kind}): {exc}"
        raise Undecodable(message[: 2 * MAX_MESSAGE_CHARACTERS]) from exc
    if not items and envelope.status == "error":
        code = next((e.status for e in envelope.errors or () if e.status), 0)
        message = (envelope.message or "")[:MAX_MESSAGE_CHARACTERS]
        raise _request_failure(code, message, retry_after(headers, now=now))
    return items or []


_OUTCOME: Final = msgspec.json.Decoder(Outcome)
_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_DESCRIBING: Final = (b"status", b"message", b"errors")


def _decoded(body: bytes | bytearray) -> Steps[tuple[Outcome, Sequence[msgspec.Raw] | None]]:
    """The envelope and its items, None where it has no list; raises where it is no envelope.

    A list of nothing but commas is a hundred times its size once it is decoded, so one that is
    too dense to hold certificates is read by the span, up to a bound.
    """
    try:
        if len(body) < _BYTES_PER_COMMA * (body.count(b",") - MAX_UNREAD):
            raise msgspec.ValidationError("too dense")
        envelope = _ENVELOPE.decode(body)
        if envelope.data is None or envelope.data.certificates is None:
            return envelope, None
        if envelope.data.certificates is not msgspec.UNSET:
            return envelope, envelope.data.certificates
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return (yield from _by_span(body))


def _by_span(body: bytes | bytearray) -> Steps[tuple[Outcome, Sequence[msgspec.Raw] | None]]:
    fields = yield from spans.members(body, (0, len(body)))
    listed = yield from _listed(body, fields.get(b"data"))
    described = [
        b'"%b":%b' % (k, bytes(body[slice(*fields[k])])) for k in _DESCRIBING if k in fields
    ]
    try:
        outcome = _OUTCOME.decode(b"{%b}" % b",".join(described))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Without a list nobody knows whether it is a failure; with one it does not matter.
        if listed is None:
            raise
        outcome = Outcome()
    return outcome, listed


def _listed(
    body: bytes | bytearray, data: spans.Span | None
) -> Steps[Sequence[msgspec.Raw] | None]:
    if data is None or body[slice(*data)].strip() == b"null":
        return None
    values = yield from spans.members(body, data)
    if values and b"certificates" not in values:
        # `data` has exactly one key: where it is another one, this is no list of certificates.
        raise ValueError(f"`data` holds {next(iter(values))!r}")
    listed = values.get(b"certificates")
    if listed is None or body[slice(*listed)].strip() == b"null":
        return None
    raws = []
    for span in spans.elements(body, listed, most=len(body) // _BYTES_PER_ITEM + MAX_UNREAD):
        if span is None:
            yield
        else:
            raws.append(msgspec.Raw(bytes(body[slice(*span)])))
    return raws


def _request_failure(status: int, message: str, retry: float | None) -> PollError:
    """The error for a request that failed as a whole: the one place that looks at statuses."""
    said = f"the API answered {status or 'an error'}" + (f": {message}" if message else "")
    kinds = {401: Unauthorized, 403: Forbidden, 404: NotFound, 429: RateLimited}
    kind: type[PollError] = kinds.get(status, ServerError if status >= 500 else Unexpected)
    return kind(said, retry_after=retry)


def _message(body: bytes | bytearray) -> str:
    """The envelope's message, where a failed answer has an envelope; a proxy's HTML has none."""
    try:
        return (_OUTCOME.decode(body).message or "")[:MAX_MESSAGE_CHARACTERS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
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
