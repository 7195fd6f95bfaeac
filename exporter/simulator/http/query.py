"""What a request names and asks for; anything the specification does not allow is refused."""

from typing import Annotated, Any, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from exporter.simulator.http.answers import Code, invalid
from exporter.simulator.world.fleet import UUID, Order

LIMIT = 253
"""How many certificates one request may name."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
S = TypeVar("S", bound=msgspec.Struct)


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One certificate by uuid or by name; both or neither is for the item's answer to refuse."""

    uuid: str | None = None
    name: str | None = None


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a listing: every criterion given has to hold."""

    common_name: str | msgspec.UnsetType = msgspec.UNSET


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an upload. `common_name` is what newer clients call `cn`."""

    chain: str
    pkey: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    cn: str | msgspec.UnsetType = msgspec.UNSET
    common_name: str | msgspec.UnsetType = msgspec.UNSET


class Query(msgspec.Struct):
    """The query parameters of a request."""

    references: list[Reference] = []
    details: bool = True
    count: int = 0
    start: str | None = None
    order: Order | None = None
    paged: bool = False


def query(raw: bytes, allowed: frozenset[str], *, commas: bool, repeats: bool) -> Query:
    """The parameters of a query string.

    `commas` splits a list of ids at its literal commas, `repeats` allows the same parameter again.
    Raises a 400 for a parameter that is not `allowed`, is repeated, or has another type.
    """
    found = Query()
    seen: set[str] = set()
    for pair in filter(None, raw.split(b"&")):
        key_text, _, value = pair.partition(b"=")
        key = _decoded(key_text)
        if key not in allowed:
            raise invalid(f"Unknown parameter '{key}'", Code.MALFORMED_REQUEST)
        if key in seen and not (repeats and key in {"uuid", "name"}):
            raise invalid(f"Parameter '{key}' is given twice", Code.MALFORMED_REQUEST)
        seen.add(key)
        if key in {"uuid", "name"}:
            # A list is split at its literal commas: an escaped comma belongs to the value.
            parts = value.split(b",") if commas else [value]
            found.references += [_reference(key, _decoded(part)) for part in parts]
        else:
            _set(found, key, _decoded(value))
    found.paged = not seen.isdisjoint({"count", "from", "order", "sortby"})
    if found.paged and found.references:
        raise invalid("Paging and ids exclude each other", Code.MALFORMED_REQUEST)
    _limited(found.references)
    return found


def references(body: bytes) -> list[Reference]:
    """The certificates that a body names: an array of objects, or a single object."""
    value = _json(body)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise invalid("Expected an array of objects with a uuid or a name", Code.MALFORMED_REQUEST)
    if not value:
        raise invalid("The body names no certificate", Code.MISSING_ID)
    _limited(value)
    found = [_typed(element, Reference) for element in value]
    for reference in found:
        if reference.uuid is not None and reference.name is None:
            canonical(reference.uuid)
    return found


def canonical(uuid: str) -> str:
    """A UUID in lower case; a 400 where it is none."""
    if UUID.fullmatch(uuid.lower()) is None:
        raise invalid(f"Invalid uuid '{uuid[:255]}'")
    return uuid.lower()


def listing_filter(body: bytes) -> Filter:
    """The criteria in the body of a listing; no body has none."""
    return _typed(_json(body), Filter) if body.strip() else Filter()


def upload(body: bytes) -> Upload:
    """The body of an upload, with a `cn`."""
    found = _typed(_json(body), Upload)
    if found.cn is msgspec.UNSET and found.common_name is msgspec.UNSET:
        raise invalid("Object missing required field `cn`")
    if msgspec.UNSET not in {found.cn, found.common_name} and found.cn != found.common_name:
        raise invalid("`cn` and `common_name` differ", Code.NOT_BOTH)
    return found


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise invalid(f"Malformed JSON: {exc}", Code.MALFORMED_REQUEST) from exc


def _typed(value: object, kind: type[S]) -> S:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        raise invalid(str(exc)) from exc


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


def _set(found: Query, key: str, value: str) -> None:
    if key == "details":
        found.details = {"true": True, "false": False}[_one_of(key, value, "true", "false")]
    elif key == "count":
        if not (value.isascii() and value.isdigit() and len(value) <= 10):
            raise invalid(f"count: expected a number from 0 up, got '{value[:255]}'")
        found.count = int(value)
    elif key == "from":
        found.start = canonical(value)
    elif key == "order":
        found.order = "asc" if _one_of(key, value, "asc", "desc") == "asc" else "desc"
    else:
        _one_of(key, value, "create_time")
        found.order = found.order or "asc"


def _one_of(key: str, value: str, *values: str) -> str:
    if value not in values:
        raise invalid(f"{key}: expected {' or '.join(values)}, got '{value[:255]}'")
    return value


def _limited(named: list[Any]) -> None:
    if len(named) > LIMIT:
        raise invalid(f"A request names at most {LIMIT} certificates", Code.TOO_MANY)
