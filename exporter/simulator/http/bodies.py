"""The bodies of requests; anything the specification does not allow is refused."""

from typing import Any, TypeVar

import msgspec

from exporter.simulator.http.answers import Code, invalid
from exporter.simulator.http.query import Reference, canonical, limit

S = TypeVar("S", bound=msgspec.Struct)
R = TypeVar("R", bound=Reference)


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

    @property
    def domain(self) -> str:
        """The common name, whichever way it was given; a 400 where it was not, or twice."""
        names = {name for name in (self.cn, self.common_name) if isinstance(name, str)}
        if not names:
            raise invalid("Object missing required field `cn`")
        if len(names) > 1:
            raise invalid("`cn` and `common_name` differ", Code.NOT_BOTH)
        return names.pop()


class Material(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an update: what replaces a certificate's chain and its private key."""

    chain: str
    pkey: str


class Update(Reference, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of several updates: the certificate that it is for, and its new material."""

    chain: str
    pkey: str


def references(body: bytes) -> list[Reference]:
    """The certificates that a body names: an array of objects, or a single object."""
    return _named(body, Reference)


def updates(body: bytes) -> list[Update]:
    """The updates of a body: an array of objects, or a single object."""
    return _named(body, Update)


def material(body: bytes) -> Material:
    """The body of the update of the one certificate that the path names."""
    return _typed(_json(body), Material)


def listing_filter(body: bytes) -> Filter:
    """The criteria in the body of a listing; no body has none."""
    return _typed(_json(body), Filter) if body.strip() else Filter()


def upload(body: bytes) -> Upload:
    """The body of an upload."""
    return _typed(_json(body), Upload)


def _named(body: bytes, kind: type[R]) -> list[R]:
    value = _json(body)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise invalid("Expected an array of objects with a uuid or a name", Code.MALFORMED_REQUEST)
    if not value:
        raise invalid("The body names no certificate", Code.MISSING_ID)
    limit(len(value))
    named = [_typed(element, kind) for element in value]
    for reference in named:
        if reference.uuid is not None and reference.name is None:
            canonical(reference.uuid)
    return named


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
