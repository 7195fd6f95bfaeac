"""One GET at a time: the token it is sent with, the bounds it is kept to, what can go wrong."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

import httpx

from exporter.api.inflate import ACCEPT_ENCODING, unpacked
from exporter.api.protocol import Request
from exporter.api.redaction import without
from exporter.api.skew import clock_skew
from exporter.config import TokenSource
from exporter.errors import (
    ConnectionFailed,
    PollError,
    TimedOut,
    TLSFailed,
    Undecodable,
    Unexpected,
)
from exporter.loop import Aside

_MAX_CHARACTERS: Final = 300
_HEADERS: Final = ("content-type", "retry-after", "etag", "location")

_REDIRECTS: Final = (301, 302, 303, 307, 308)

OnRequest = Callable[[str, str, float], None]
"""Called after each request: with its endpoint, its HTTP status or failure reason, its seconds."""

OnClockSkew = Callable[[float], None]
"""Called with the seconds that the API's clock is ahead of ours, whenever an answer tells them."""


class Answer(NamedTuple):
    """A whole answer in which the token is not repeated; of its headers, those that are used."""

    status: int
    headers: Mapping[str, str]
    body: bytearray


class Exchange:
    """Requests to one metro; has no method that writes.

    `http` carries the metro's base URL. `timeout` is seconds for one whole request, body included.
    `budget` is awaited before each request; `aside` does off the event loop what takes long.
    `clock` gives Unix time.
    """

    def __init__(  # noqa: PLR0913 - a leaf that is given all it needs
        self,
        http: httpx.AsyncClient,
        token: TokenSource,
        *,
        timeout: float,
        max_response_bytes: int,
        on_request: OnRequest,
        on_clock_skew: OnClockSkew = lambda _: None,
        budget: Callable[[], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self._http = http
        self._token = token
        self._timeout = timeout
        self._max_response_bytes = max_response_bytes
        self._on_request = on_request
        self._on_clock_skew = on_clock_skew
        self._clock = clock
        self._budget = budget
        self._aside = aside

    async def get(self, request: Request, etag: str = "") -> Answer:
        """The answer, whatever its status; with an `etag` it may be 304 (RFC 9110, 13.1.2).

        A request that a connection from before breaks under is repeated once (RFC 9112, 9.3.1).
        Raises `PollError` where no whole answer came, where it redirects, or for want of a token.
        """
        try:
            return await self._attempt(request, etag)
        except _StaleConnection:
            return await self._attempt(request, etag)

    async def _attempt(self, request: Request, etag: str) -> Answer:
        if self._budget is not None:
            await self._budget()
        secret = self._token.read().value
        started, trace = time.perf_counter(), _Trace(self._clock)
        outcome = "other"
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, body = await self._sent(request, secret, etag, trace)
            outcome = str(status)
        except TimeoutError as exc:
            failure: PollError = TimedOut(f"no whole answer within {self._timeout:g} s")
            outcome = failure.reason
            raise failure from exc
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as exc:
            failure = _failure(exc, secret)
            outcome = failure.reason
            if trace.stale and isinstance(failure, ConnectionFailed):
                failure = _StaleConnection(str(failure))
            raise failure from exc
        except PollError as exc:
            outcome = exc.reason
            raise
        finally:
            self._on_request(request.endpoint, outcome, time.perf_counter() - started)
        kept = {name: without(secret, headers[name]) for name in _HEADERS if name in headers}
        if status in _REDIRECTS:
            raise _redirected(status, kept.get("location", "nowhere"))
        return Answer(status, kept, await self._aside(partial(without, secret, body)))

    async def _sent(
        self, request: Request, secret: str, etag: str, trace: "_Trace"
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
        sending = self._http.stream(
            "GET", url, headers=headers, content=request.content, extensions={"trace": trace}
        )
        async with sending as response:
            # A gateway that answers for the API (5xx) has a clock of its own.
            skew = clock_skew(response.headers, sent=trace.sent, received=self._clock())
            if skew is not None and response.status_code < 500:
                self._on_clock_skew(skew)
            coding = response.headers.get("content-encoding", "")
            limit = self._max_response_bytes
            body = await unpacked(response.aiter_raw(), coding, limit=limit)
        return response.status_code, response.headers, body


class _StaleConnection(ConnectionFailed):
    """A connection that had served before broke before an answer began."""


class _Trace:
    """What httpx has done for one request so far.

    `sent` is Unix time: a connection may have to be made first. `stale` is whether the request
    left on a connection from before, and no answer has begun.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._connected = False
        self.sent = clock()
        self.stale = False

    async def __call__(self, event: str, _: Mapping[str, object]) -> None:
        if event.endswith("connect_tcp.started"):
            self._connected = True
        elif event == "http11.send_request_headers.started":
            self.sent, self.stale = self._clock(), not self._connected
        elif event == "http11.receive_response_headers.complete":
            self.stale = False


def _redirected(status: int, location: str) -> PollError:
    where = location[:_MAX_CHARACTERS]
    return Unexpected(
        f"the API answered {status}: it has moved to {where}; redirects are not followed, "
        "the metro's url needs to be changed"
    )


def _failure(exc: Exception, secret: str) -> PollError:
    text = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
    message = without(secret, text)[:_MAX_CHARACTERS]
    if isinstance(exc, httpx.TimeoutException):
        return TimedOut(message)
    if _caused_by_tls(exc):
        return TLSFailed(message)
    if isinstance(exc, httpx.DecodingError):
        return Undecodable(message)
    if isinstance(exc, httpx.NetworkError | httpx.RemoteProtocolError | httpx.ProxyError):
        return ConnectionFailed(message)
    return Unexpected(message)


def _caused_by_tls(exc: BaseException | None) -> bool:
    while exc is not None:
        # EOF inside TLS is a broken connection like any other.
        if isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError):
            return True
        exc = exc.__cause__ or exc.__context__
    return False
