"""The query of a request; anything the specification does not allow is refused."""

import contextlib
import re
from datetime import datetime
from urllib.parse import unquote_to_bytes

import msgspec

from exporter.simulator.http.answers import Code, invalid
from exporter.simulator.world.fleet import Order

LIMIT = 253
"""How many certificates one request may name."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One certificate by uuid or by name; both or neither is for the item's answer to refuse."""

    uuid: str | None = None
    name: str | None = None


class Query(msgspec.Struct):
    """The query parameters of a request; `paged` where any of those about pages is among them.

    A listing starts with the certificate of the uuid `start`, or with the first of those created
    at `since` (Unix seconds) or after.
    """

    references: list[Reference] = []
    details: bool = True
    count: int = 0
    start: str | None = None
    since: float | None = None
    order: Order | None = None
    paged: bool = False


def parse(raw: bytes, allowed: frozenset[str], *, commas: bool, repeats: bool) -> Query:
    """The parameters of a query string.

    `commas` splits a list of ids at its literal commas, `repeats` allows the same parameter again.
    Raises a 400 for a parameter that is not `allowed`, is repeated, or has another type.
    """
    query = Query()
    given: set[str] = set()
    for pair in filter(None, raw.split(b"&")):
        key_text, _, value = pair.partition(b"=")
        key = _decoded(key_text)
        if key not in allowed:
            raise invalid(f"Unknown parameter '{key}'", Code.MALFORMED_REQUEST)
        if key in given and not (repeats and key in {"uuid", "name"}):
            raise invalid(f"Parameter '{key}' is given twice", Code.MALFORMED_REQUEST)
        given.add(key)
        if key in {"uuid", "name"}:
            # A list is split at its literal commas: an escaped comma belongs to the value.
            parts = value.split(b",") if commas else [value]
            query.references += [_reference(key, _decoded(part)) for part in parts]
        else:
            _set(query, key, _decoded(value))
    query.paged = not given.isdisjoint({"count", "from", "order", "sortby"})
    if query.paged and query.references:
        raise invalid("Paging and ids exclude each other", Code.MALFORMED_REQUEST)
    limit(len(query.references))
    return query


def canonical(uuid: str) -> str:
    """A UUID in lower case; a 400 where it is none."""
    if _UUID.fullmatch(uuid.lower()) is None:
        raise invalid(f"Invalid uuid '{uuid[:255]}'")
    return uuid.lower()


def limit(named: int) -> None:
    """A 400 where a request names too many certificates."""
    if named > LIMIT:
        raise invalid(f"A request names at most {LIMIT} certificates", Code.TOO_MANY)


def _decoded(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as exc:
        raise invalid("The query is not UTF-8", Code.MALFORMED_REQUEST) from exc


def _reference(key: str, value: str) -> Reference:
    if key == "uuid":
        return Reference(uuid=canonical(value))
    if not value:
        raise invalid("An empty name")
    return Reference(name=value)


def _set(query: Query, key: str, value: str) -> None:
    if key == "details":
        query.details = _one_of(key, value, "true", "false") == "true"
    elif key == "count":
        if not (value.isascii() and value.isdigit() and len(value) <= 10):
            raise invalid(f"count: expected a number from 0 up, got '{value[:255]}'")
        query.count = int(value)
    elif key == "from" and _UUID.fullmatch(value.lower()):
        query.start = value.lower()
    elif key == "from":
        query.since = _moment(value)
    elif key == "order":
        query.order = "asc" if _one_of(key, value, "asc", "desc") == "asc" else "desc"
    else:
        _one_of(key, value, "create_time")
        query.order = query.order or "asc"


def _moment(value: str) -> float:
    """The Unix time of an ISO 8601 one; a 400 where its zone is missing, or it is none."""
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.timestamp()
    expected = "a uuid or an ISO 8601 time with its zone"
    raise invalid(f"from: expected {expected}, got '{value[:255]}'")


def _one_of(key: str, value: str, *values: str) -> str:
    if value not in values:
        raise invalid(f"{key}: expected {' or '.join(values)}, got '{value[:255]}'")
    return value
