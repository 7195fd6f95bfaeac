"""One metro's API over HTTP: the only module, but for the composition root, that knows httpx."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import httpx

from exporter.config import TokenSource
from exporter.errors import (
    ConnectionFailed,
    PollError,
    TimedOut,
    TLSFailed,
    Undecodable,
    Unexpected,
)
from exporter.inflate import ACCEPT_ENCODING, unpacked
from exporter.protocol import (
    EVERYTHING,
    LIST,
    LIST_WITHOUT_DETAILS,
    Listing,
    Reading,
    Request,
    batches,
    details,
    missing,
    read,
    read_list,
)

BATCHES_IN_FLIGHT: Final = 4

_SHORTEST_SECRET: Final = 8
_MAX_CHARACTERS: Final = 300

OnRequest = Callable[[str, str, float], None]
"""Told of each request: its endpoint, its HTTP status or failure reason, its seconds."""


class Client:
    """Reads one metro; has no method that writes.

    `http` carries the metro's base URL. `timeout` is seconds for one whole request, body included.
    `budget` is awaited before each request.
    Every method raises `PollError` where the metro could not be read.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        token: TokenSource,
        *,
        timeout: float,
        max_response_bytes: int,
        on_request: OnRequest,
        budget: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._token = token
        self._timeout = timeout
        self._max_response_bytes = max_response_bytes
        self._on_request = on_request
        self._budget = budget
        self._clock = clock
        self._list = LIST

    async def bulk(self) -> Reading:
        """Every certificate, by one request."""
        return await self._read(EVERYTHING)

    async def batched(self) -> Reading:
        """Every certificate: the list first, then the details in batches, several in flight."""
        listing = await self._listing()
        flying = asyncio.Semaphore(BATCHES_IN_FLIGHT)

        async def fetch(uuids: list[str]) -> Reading:
            async with flying:
                reading = await self._read(details(uuids))
            return reading._replace(unread=reading.unread + missing(uuids, reading))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(uuids)) for uuids in batches(listing.uuids)]
        except* PollError as errors:
            raise next(_leaves(errors)) from None
        readings = [task.result() for task in tasks]
        return Reading(
            listed=len(listing.uuids) + len(listing.unread),
            certificates=tuple(c for reading in readings for c in reading.certificates),
            unread=listing.unread + tuple(u for reading in readings for u in reading.unread),
        )

    async def _listing(self) -> Listing:
        status, headers, body = await self._get(self._list)
        if self._list is LIST and status in (404, 405):
            self._list = LIST_WITHOUT_DETAILS  # the second generation: this will not change back
            status, headers, body = await self._get(self._list)
        return read_list(status, headers, body, now=self._clock())

    async def _read(self, request: Request) -> Reading:
        answer = await self._get(request)
        # A large answer takes longer to understand than the event loop may be kept busy.
        return await asyncio.to_thread(read, *answer, now=self._clock())

    async def _get(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        if self._budget is not None:
            await self._budget()
        secret = self._token.read().value
        started = time.perf_counter()
        outcome = "other"
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, body = await self._exchange(request, secret)
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
        said = {name: headers[name] for name in ("content-type", "retry-after") if name in headers}
        kept = {name: _without(secret, text.encode()).decode() for name, text in said.items()}
        return status, kept, _without(secret, body)

    async def _exchange(self, request: Request, secret: str) -> tuple[int, httpx.Headers, bytes]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "Authorization": f"Bearer {secret}",
        }
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        url = request.endpoint + (f"?{request.query}" if request.query else "")
        sending = self._http.stream("GET", url, headers=headers, content=request.content)
        async with sending as response:
            coding = response.headers.get("content-encoding", "")
            limit = self._max_response_bytes
            body = await unpacked(response.aiter_raw(), coding, limit=limit)
        return response.status_code, response.headers, body


def _leaves(group: BaseExceptionGroup[PollError]) -> Iterator[PollError]:
    for exc in group.exceptions:
        if isinstance(exc, BaseExceptionGroup):
            yield from _leaves(exc)
        else:
            yield exc


def _without(secret: str, said: bytes) -> bytes:
    """What a server or proxy said, with the token blotted out where it is repeated.

    What is not in there cannot reach a label, a log line or an error message.
    A JSON string may write the slashes of a base64 text as `\\/`.
    Real tokens are long; one so short that it is a word by chance is left alone.
    """
    if len(secret) < _SHORTEST_SECRET:
        return said
    for spelling in {secret.encode(), secret.replace("/", "\\/").encode()}:
        if spelling in said:
            said = said.replace(spelling, b"[token]")
    return said


def _failure(exc: Exception, secret: str) -> PollError:
    said = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    said = _without(secret, said.encode(errors="replace")).decode()[:_MAX_CHARACTERS]
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
