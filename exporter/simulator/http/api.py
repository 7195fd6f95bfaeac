"""The certificates API: every endpoint of the specification, over one metro's fleet."""

import hmac
from collections.abc import Callable, Iterable

from exporter.simulator.faults.faults import Endpoint
from exporter.simulator.http import bodies
from exporter.simulator.http import query as queries
from exporter.simulator.http.answers import (
    Answer,
    Code,
    RequestError,
    failed,
    invalid,
    refused_item,
    success,
)
from exporter.simulator.http.asgi import Request
from exporter.simulator.http.endpoints import COLLECTION, endpoint, methods
from exporter.simulator.http.items import Item, detailed
from exporter.simulator.http.query import Query, Reference, canonical
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.entries import Entry
from exporter.simulator.world.fleet import Fleet
from exporter.simulator.world.names import folded
from exporter.simulator.world.refusal import RefusedError
from exporter.simulator.world.uploads import update, upload

_MISSING: dict[int | None, frozenset[Endpoint]] = {
    1: frozenset({"update", "update-one"}),
    2: frozenset({"list"}),
}
"""What a generation does not have."""

_LOCAL = frozenset({"details"})
_NAMED = frozenset({"uuid", "name"})
_GENERATION_1 = _NAMED | _LOCAL
_GENERATION_2 = _GENERATION_1 | {"count", "from", "order", "sortby"}


class Api:
    """Answers requests. `generation` None accepts what either generation of clients sends."""

    def __init__(self, fleet: Fleet, clock: Clock, token: str, generation: int | None) -> None:
        self._fleet = fleet
        self._clock = clock
        self._token = token.encode()
        self._generation = generation
        self._missing = _MISSING.get(generation, frozenset())

    def answer(self, request: Request) -> Answer:
        """The answer to one request; raises RequestError or the world's RefusedError."""
        self._authorize(request.headers.get("authorization", ""))
        handlers: dict[Endpoint, Callable[[Request], Answer]] = {
            "list": self._list,
            "get": self._get,
            "get-one": self._get_one,
            "upload": self._upload,
            "update": self._update,
            "update-one": self._update_one,
            "delete": self._delete,
            "delete-one": self._delete_one,
        }
        target = endpoint(request.method, request.path)
        if target not in handlers or target in self._missing:
            raise self._no_such_endpoint(request)
        return handlers[target](request)

    def _authorize(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        given = token.strip().encode("latin-1", "replace")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            problem = "The token is not valid" if given else "Expected a bearer token"
            raise RequestError(401, problem, headers={"www-authenticate": "Bearer"})

    def _no_such_endpoint(self, request: Request) -> RequestError:
        there = (m for m in methods(request.path) if endpoint(m, request.path) not in self._missing)
        allowed = ", ".join(there)
        if not allowed:
            return RequestError(404, "No such endpoint", Code.NO_API_ENDPOINT)
        message = f"{request.method[:32]} is not allowed here"
        return RequestError(405, message, Code.WRONG_METHOD, {"allow": allowed})

    def _list(self, request: Request) -> Answer:
        self._query(request, frozenset())
        common_name = bodies.listing_filter(request.body).common_name
        entries: Iterable[Entry] = self._fleet.listing()
        if isinstance(common_name, str):
            entries = (e for e in entries if folded(e.common_name) == folded(common_name))
        return success([_brief(entry) for entry in entries])

    def _get(self, request: Request) -> Answer:
        allowed = _GENERATION_1 if self._generation == 1 else _GENERATION_2
        query = self._query(request, allowed)
        named = _references(request, query)
        if named is None:
            to_item = self._reading(query)
            return success([to_item(entry) for entry in self._page(query)])
        return self._each(named, self._reading(query, "success"))

    def _get_one(self, request: Request) -> Answer:
        query = self._query(request, _LOCAL)
        _bodiless(request)
        return self._each([_local(request)], self._reading(query, "success"))

    def _upload(self, request: Request) -> Answer:
        self._query(request, frozenset())
        body = bodies.upload(request.body)
        if self._generation == 2 and not body.domain.endswith("."):
            raise invalid("cn: expected a fully-qualified domain name, which ends with a dot")
        name = body.name if isinstance(body.name, str) else None
        now = self._clock.now()
        return success([_brief(upload(self._fleet, name, body.domain, body.chain, body.pkey, now))])

    def _update(self, request: Request) -> Answer:
        self._query(request, frozenset())
        updates = bodies.updates(request.body)
        return success([self._one(u, self._updating(u.chain, u.pkey)) for u in updates])

    def _update_one(self, request: Request) -> Answer:
        self._query(request, frozenset())
        material = bodies.material(request.body)
        return self._each([_local(request)], self._updating(material.chain, material.pkey))

    def _updating(self, chain: str, pkey: str) -> Callable[[Entry], Item]:
        now = self._clock.now()

        def updated(entry: Entry) -> Item:
            try:
                update(entry, chain, pkey, now)
            except RefusedError as exc:
                return refused_item(exc, entry.uuid, entry.name)
            return _brief(entry, "success")

        return updated

    def _delete(self, request: Request) -> Answer:
        named = _references(request, self._query(request, _NAMED))
        if named is None:
            raise invalid("Name the certificates to delete", Code.MISSING_ID)
        return self._each(named, self._deleted)

    def _delete_one(self, request: Request) -> Answer:
        self._query(request, frozenset())
        _bodiless(request)
        return self._each([_local(request)], self._deleted)

    def _deleted(self, entry: Entry) -> Item:
        if entry.service_groups:
            message = f"Certificate {entry.name} is attached to a service"
            return failed(Code.ATTACHED, message, entry.uuid, entry.name)
        self._fleet.delete(entry)
        return _brief(entry, "success")

    def _query(self, request: Request, allowed: frozenset[str]) -> Query:
        return queries.parse(
            request.query,
            allowed,
            commas=self._generation != 2,
            repeats=self._generation != 1,
        )

    def _each(self, named: Iterable[Reference], to_item: Callable[[Entry], Item]) -> Answer:
        """An item for each reference, in their order: a failed one where it names none."""
        return success([self._one(reference, to_item) for reference in named])

    def _one(self, named: Reference, to_item: Callable[[Entry], Item]) -> Item:
        uuid, name = named.uuid and named.uuid.lower(), named.name
        if uuid is not None and name is not None:
            return failed(Code.NOT_BOTH, "Specify either a uuid or a name", uuid, name)
        if uuid is not None:
            entry, key = self._fleet.by_uuid(uuid), f"uuid {uuid}"
        elif name is not None:
            entry, key = self._fleet.by_name(name), f"name {name}"
        else:
            return failed(Code.MISSING_ID, "Specify a uuid or a name")
        if entry is None:
            return failed(Code.NOT_FOUND, f"No certificate with {key}", uuid, name)
        return to_item(entry)

    def _reading(self, query: Query, status: str | None = None) -> Callable[[Entry], Item]:
        """How a certificate becomes an item: all of one answer are as of the same moment."""
        if not query.details:
            return lambda entry: _brief(entry, status)
        now = self._clock.now()
        return lambda entry: detailed(entry.certificate(now), status)

    def _page(self, query: Query) -> list[Entry]:
        entries = self._fleet.listing(query.order, query.since)
        if query.start is not None:
            first = self._fleet.by_uuid(query.start)
            entries = entries[entries.index(first) :] if first else []
        return entries[: query.count] if query.count else entries


def _references(request: Request, query: Query) -> list[Reference] | None:
    """What the query or the body names; None where neither does."""
    if not request.body.strip():
        return query.references or None
    if query.references or query.paged:
        message = "Name certificates in the query or in the body"
        raise invalid(message, Code.MALFORMED_REQUEST)
    return bodies.references(request.body)


def _local(request: Request) -> Reference:
    """The one certificate that the path names."""
    return Reference(uuid=canonical(request.path.removeprefix(f"{COLLECTION}/")))


def _bodiless(request: Request) -> None:
    if request.body.strip():
        raise invalid("No body is allowed in local scope", Code.NOT_ALLOWED)


def _brief(entry: Entry, status: str | None = None) -> Item:
    return Item(status=status, uuid=entry.uuid, name=entry.name)
