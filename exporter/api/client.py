"""One metro's API over HTTP: the only module, but for the composition root, that knows httpx."""

import asyncio
import hashlib
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

import httpx

from exporter.api.inflate import ACCEPT_ENCODING, unpacked
from exporter.api.items import Reader
from exporter.api.model import Certificate
from exporter.api.protocol import (
    EVERYTHING,
    LIST,
    LIST_WITHOUT_DETAILS,
    Listing,
    Reading,
    Request,
    asked_for,
    batches,
    details,
    missing,
    read,
    read_list,
)
from exporter.config import Shard, TokenSource
from exporter.errors import (
    ConnectionFailed,
    PollError,
    TimedOut,
    TLSFailed,
    Undecodable,
    Unexpected,
)
from exporter.loop import Aside

BATCHES_IN_FLIGHT: Final = 4

_SHORTEST_SECRET: Final = 8
_PIECE: Final = 1 << 20
_MAX_CHARACTERS: Final = 300
_HEADERS: Final = ("content-type", "retry-after", "etag")
_ETAG: Final = re.compile(r'(?:W/)?"[!#-~]{1,200}"', re.ASCII)

OnRequest = Callable[[str, str, float], None]
"""Told of each request: its endpoint, its HTTP status or failure reason, its seconds."""


class Client:
    """Reads one metro; has no method that writes.

    `http` carries the metro's base URL. `timeout` is seconds for one whole request, body included.
    `wanted` decides which certificates are kept, `shard` which are asked for in batches.
    `budget` is awaited before each request; `aside` does off the event loop what takes long.
    Every method raises `PollError` where the metro could not be read.
    """

    def __init__(  # noqa: PLR0913 - a leaf that is given all it needs
        self,
        http: httpx.AsyncClient,
        token: TokenSource,
        *,
        timeout: float,
        max_response_bytes: int,
        on_request: OnRequest,
        budget: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
        wanted: Callable[[Certificate], bool] | None = None,
        shard: Shard = Shard(),
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self._http = http
        self._token = token
        self._timeout = timeout
        self._max_response_bytes = max_response_bytes
        self._on_request = on_request
        self._budget = budget
        self._clock = clock
        self._list = LIST
        self._shard = shard
        self._aside = aside
        self._reader = Reader(wanted)
        self._last: _Answer | None = None

    async def bulk(self) -> Reading:
        """Every certificate, by one request; what the last answer said where this one is equal."""
        last = self._last
        answer = await self._get(EVERYTHING, last.etag if last else "")
        if answer[0] == 304 and last and last.etag:
            return last.reading
        held = [answer]
        del answer, last
        return await self._aside(partial(self._whole, held))

    def _whole(self, held: list[tuple[int, dict[str, str], bytearray]]) -> Reading:
        """What the only answer of `held` says.

        That and what was known before are let go of here: the event loop has no time for it.
        """
        status, headers, body = held.pop()
        digest = hashlib.sha256(body).digest()
        if self._last and (status, digest) == (200, self._last.digest):
            reading = self._last.reading
        else:
            reading = read(status, headers, body, now=self._clock(), reader=self._reader)
            self._reader.settle()
        etag = headers.get("etag", "")
        self._last = _Answer(etag if _ETAG.fullmatch(etag) else "", digest, reading)
        return reading

    async def batched(self) -> Reading:
        """The shard's certificates: the list first, then details in batches, several in flight."""
        listing = await self._listing()
        flying = asyncio.Semaphore(BATCHES_IN_FLIGHT)

        async def fetch(uuids: list[str]) -> Reading:
            async with flying:
                reading = await self._understand(*await self._get(details(uuids)))
            reading = asked_for(uuids, reading)
            return reading._replace(unread=reading.unread + missing(uuids, reading))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(uuids)) for uuids in batches(listing.uuids)]
        except* PollError as errors:
            raise next(_leaves(errors)) from None
        self._reader.settle()
        readings = [task.result() for task in tasks]
        return Reading(
            listed=len(listing.uuids) + len(listing.unread),
            certificates=tuple(c for reading in readings for c in reading.certificates),
            unread=listing.unread + tuple(u for reading in readings for u in reading.unread),
            filtered=tuple(uuid for reading in readings for uuid in reading.filtered),
        )

    async def _listing(self) -> Listing:
        status, headers, body = await self._get(self._list)
        if self._list is LIST and status in (404, 405):
            self._list = LIST_WITHOUT_DETAILS  # the second generation: this will not change back
            status, headers, body = await self._get(self._list)
        reading = partial(read_list, status, headers, body, now=self._clock())
        listing = await self._aside(reading)
        holds = self._shard.holds
        return Listing(
            tuple(uuid for uuid in listing.uuids if holds(uuid)),
            # What has no uuid is the first shard's: the checksum of nothing is 0.
            tuple(item for item in listing.unread if holds(item.uuid)),
        )

    async def _understand(self, status: int, headers: dict[str, str], body: bytearray) -> Reading:
        # A large answer takes longer to understand than the event loop may be kept busy.
        reading = partial(read, status, headers, body, now=self._clock(), reader=self._reader)
        return await self._aside(reading)

    async def _get(self, request: Request, etag: str = "") -> tuple[int, dict[str, str], bytearray]:
        if self._budget is not None:
            await self._budget()
        secret = self._token.read().value
        started = time.perf_counter()
        outcome = "other"
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, body = await self._exchange(request, secret, etag)
            outcome = str(status)
        except TimeoutError as exc:
            failure: PollError = TimedOut(f"no whole answer within {self._timeout:g} s")
            outcome = failure.reason
            raise failure from exc
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as exc:
            failure = _failure(exc, secret)
            outcome = failure.reason
            raise failure from exc
        except PollError as exc:
            outcome = exc.reason
            raise
        finally:
            self._on_request(request.endpoint, outcome, time.perf_counter() - started)
        said = {name: headers[name] for name in _HEADERS if name in headers}
        kept = {
            name: _without(secret, bytearray(text.encode())).decode() for name, text in said.items()
        }
        return status, kept, await self._aside(partial(_without, secret, body))

    async def _exchange(
        self, request: Request, secret: str, etag: str
    ) -> tuple[int, httpx.Headers, bytearray]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "Authorization": f"Bearer {secret}",
        }
        if etag:
            headers["If-None-Match"] = etag
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        url = request.endpoint + (f"?{request.query}" if request.query else "")
        sending = self._http.stream("GET", url, headers=headers, content=request.content)
        async with sending as response:
            coding = response.headers.get("content-encoding", "")
            limit = self._max_response_bytes
            body = await unpacked(response.aiter_raw(), coding, limit=limit)
        return response.status_code, response.headers, body


class _Answer(NamedTuple):
    """What an answer said, and what it is known again by.

    That is its entity tag, empty where it has none (RFC 9110, section 8.8.3), and its SHA-256.
    """

    etag: str
    digest: bytes
    reading: Reading


def _leaves(group: BaseExceptionGroup[PollError]) -> Iterator[PollError]:
    for exc in group.exceptions:
        if isinstance(exc, BaseExceptionGroup):
            yield from _leaves(exc)
        else:
            yield exc


def _without(secret: str, said: bytearray) -> bytearray:
    """What a server or proxy said, with the token blotted out where it is repeated.

    What is not in there cannot reach a label, a log line or an error message.
    A JSON string may write the slashes of a base64 text as `\\/`.
    Real tokens are long; one so short that it is a word by chance is left alone.
    """
    if len(secret) < _SHORTEST_SECRET:
        return said
    for spelling in {secret.encode(), secret.replace("/", "\\/").encode()}:
        if _stands_in(spelling, said):
            said = said.replace(spelling, b"[token]")
    return said


def _stands_in(text: bytes, said: bytearray) -> bool:
    # By the piece: while one search goes on, the event loop does not.
    starts = range(0, len(said), _PIECE)
    return any(said.find(text, start, start + _PIECE + len(text)) >= 0 for start in starts)


def _failure(exc: Exception, secret: str) -> PollError:
    said = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    encoded = bytearray(said.encode(errors="replace"))
    said = _without(secret, encoded).decode()[:_MAX_CHARACTERS]
    if isinstance(exc, httpx.TimeoutException):
        return TimedOut(said)
    if _caused_by_tls(exc):
        return TLSFailed(said)
    if isinstance(exc, httpx.DecodingError):
        return Undecodable(said)
    if isinstance(exc, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError):
        return ConnectionFailed(said)
    return Unexpected(said)


def _caused_by_tls(exc: BaseException | None) -> bool:
    while exc is not None:
        # EOF inside TLS is a broken connection like any other.
        if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False
