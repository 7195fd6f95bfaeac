"""The certificates API: every endpoint of the specification, over one metro's fleet."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice

from exporter.simulator.http import query as parameters
from exporter.simulator.http.answers import (
    JSON,
    Answer,
    Code,
    RequestError,
    encoded,
    failed,
    invalid,
    success,
)
from exporter.simulator.http.asgi import Request
from exporter.simulator.http.endpoints import COLLECTION, LISTING, Endpoint, endpoint, methods
from exporter.simulator.http.query import Query, Reference
from exporter.simulator.world import x509
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.fleet import Fleet
from exporter.simulator.world.records import Item, item
from exporter.simulator.world.uploads import entry

_STREAMED = 500  # more items than this are sent piece by piece
_LOCAL = frozenset({"details"})
_NAMED = frozenset({"uuid", "name"})
_GENERATION_1 = _NAMED | _LOCAL
_GENERATION_2 = _GENERATION_1 | {"count", "from", "order", "sortby"}


class Api:
    """Answers requests. `generation` None accepts what either generation of clients sends."""

    def __init__(
        self, fleet: Fleet, clock: Clock, token: str, generation: int | None, quota: int | None
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._token = token.encode()
        self._generation = generation
        self._quota = quota

    def answer(self, request: Request) -> Answer:
        """The answer to one request; a request that is refused raises RequestError."""
        self._authorize(request.headers.get("authorization", ""))
        handlers: dict[Endpoint, Callable[[Request], Answer]] = {
            "list": self._list,
            "get": self._get,
            "get-one": self._get_one,
            "upload": self._upload,
            "delete": self._delete,
            "delete-one": self._delete_one,
            "other": self._other,
        }
        return handlers[endpoint(request.method, request.path)](request)

    def _authorize(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        given = token.strip().encode("latin-1", "replace")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            problem = "The token is not valid" if given else "Expected a bearer token"
            raise RequestError(401, problem, headers={"www-authenticate": "Bearer"})

    def _other(self, request: Request) -> Answer:
        allowed = methods(request.path)
        if not allowed or (request.path == LISTING and self._generation == 2):
            raise RequestError(404, "No such endpoint", Code.NO_API_ENDPOINT)
        message = f"{request.method[:32]} is not allowed here"
        headers = {"allow": ", ".join(allowed)}
        raise RequestError(405, message, Code.WRONG_METHOD, headers)

    def _list(self, request: Request) -> Answer:
        if self._generation == 2:
            raise RequestError(404, "No such endpoint", Code.NO_API_ENDPOINT)
        self._query(request, frozenset())
        wanted = parameters.listing_filter(request.body).common_name
        if isinstance(wanted, str):
            domain = wanted.lower().removesuffix(".")
            matching = (
                index
                for index in self._fleet.indices()
                if self._fleet.common_name(index).lower() == domain
            )
            return self._answer(matching, self._brief)
        return self._answer(self._fleet.indices(), self._brief)

    def _get(self, request: Request) -> Answer:
        allowed = _GENERATION_1 if self._generation == 1 else _GENERATION_2
        query = self._query(request, allowed)
        named = self._references(request, query)
        if named is None:
            return self._page(query)
        found = self._items(query, "success")
        return success([self._each(reference, found) for reference in named])

    def _get_one(self, request: Request) -> Answer:
        query = self._query(request, _LOCAL)
        return success([self._each(self._local(request), self._items(query, "success"))])

    def _upload(self, request: Request) -> Answer:
        self._query(request, frozenset())
        upload = parameters.upload(request.body)
        now = self._clock.now()
        common_name = upload.cn if isinstance(upload.cn, str) else upload.common_name
        new = entry(upload, str(common_name), self._fleet, now, x509.leaf)
        if self._quota is not None and len(self._fleet) >= self._quota:
            message = f"The quota of {self._quota} certificates is used up"
            raise RequestError(403, message, Code.QUOTA)
        return success([self._brief(self._fleet.add(new))])

    def _delete(self, request: Request) -> Answer:
        named = self._references(request, self._query(request, _NAMED))
        if named is None:
            raise invalid("Name the certificates to delete", Code.MISSING_ID)
        return success([self._each(reference, self._deleted) for reference in named])

    def _delete_one(self, request: Request) -> Answer:
        self._query(request, frozenset())
        return success([self._each(self._local(request), self._deleted)])

    def _deleted(self, index: int) -> Item:
        uuid, name = self._fleet.ids(index)
        if self._fleet.service_groups(index):
            return failed(Code.ATTACHED, f"Certificate {name} is attached to a service", uuid, name)
        self._fleet.delete(index)
        return Item(status="success", uuid=uuid, name=name)

    def _query(self, request: Request, allowed: frozenset[str]) -> Query:
        return parameters.query(
            request.query,
            allowed,
            commas=self._generation != 2,
            repeats=self._generation != 1,
        )

    def _references(self, request: Request, query: Query) -> list[Reference] | None:
        """What the query or the body names; None where neither does."""
        if not request.body.strip():
            return query.references or None
        if query.references or query.paged:
            message = "Name certificates in the query or in the body"
            raise invalid(message, Code.MALFORMED_REQUEST)
        return parameters.references(request.body)

    def _local(self, request: Request) -> Reference:
        if request.body.strip():
            raise invalid("No body is allowed in local scope", Code.NOT_ALLOWED)
        return Reference(uuid=parameters.canonical(request.path.removeprefix(f"{COLLECTION}/")))

    def _each(self, named: Reference, found: Callable[[int], Item]) -> Item:
        """The item for one reference: a failed one where it names no certificate."""
        uuid, name = named.uuid, named.name
        if uuid is not None and name is not None:
            message = "Specify either a uuid or a name"
            return failed(Code.NOT_BOTH, message, uuid, name)
        if uuid is not None:
            uuid = uuid.lower()
            index = self._fleet.by_uuid(uuid)
            return found(index) if index is not None else _missing("uuid", uuid, uuid=uuid)
        if name is not None:
            index = self._fleet.by_name(name)
            return found(index) if index is not None else _missing("name", name, name=name)
        return failed(Code.MISSING_ID, "Specify a uuid or a name")

    def _items(self, query: Query, status: str | None = None) -> Callable[[int], Item]:
        """How an index becomes an item: all of one answer are as of the same moment."""
        if not query.details:
            return lambda index: self._brief(index, status)
        now = self._clock.now()
        return lambda index: item(self._fleet.certificate(index, now), status)

    def _brief(self, index: int, status: str | None = None) -> Item:
        uuid, name = self._fleet.ids(index)
        return Item(status=status, uuid=uuid, name=name)

    def _page(self, query: Query) -> Answer:
        first = None
        if query.start is not None:
            first = self._fleet.by_uuid(query.start)
            if first is None:
                return success([])
        indices = self._fleet.indices(query.order, first)
        if query.count:
            indices = islice(indices, query.count)
        return self._answer(indices, self._items(query))

    def _answer(self, indices: Iterator[int], to_item: Callable[[int], Item]) -> Answer:
        """A listing: whole where it is short, piece by piece where it is long."""
        opening = [to_item(index) for index in islice(indices, _STREAMED)]
        if len(opening) < _STREAMED:
            return success(opening)
        return Answer(200, JSON, _pieces(opening, indices, to_item))


def _missing(kind: str, value: str, *, uuid: str | None = None, name: str | None = None) -> Item:
    return failed(Code.NOT_FOUND, f"No certificate with {kind} {value}", uuid, name)


async def _pieces(
    items: list[Item], indices: Iterator[int], to_item: Callable[[int], Item]
) -> AsyncIterator[bytes]:
    yield b'{"status":"success","data":{"certificates":['
    separator = b""
    while items:
        yield separator + encoded(items)[1:-1]
        separator = b","
        await asyncio.sleep(0)
        items = [to_item(index) for index in islice(indices, _STREAMED)]
    yield b"]}}"
