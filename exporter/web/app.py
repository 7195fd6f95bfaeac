"""The ASGI application: routes to the metrics, health, readiness, reload and the landing page."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from exporter.errors import ConfigurationError
from exporter.exposition.deflate import Segment
from exporter.exposition.render import Exposition
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key, Store
from exporter.web.landing import landing_page
from exporter.web.listener.clients import share
from exporter.web.listener.turns import Turns
from exporter.web.negotiation import gzip_accepted, negotiated

_LEAST_SENT_BYTES: Final = 1 << 16

_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    *,
    exposition: Exposition,
    telemetry: Telemetry,
    store: Store,
    metros: Iterable[Key],
    ready: Callable[[], bool],
    telemetry_path: str = "/metrics",
    reload: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """The application.

    `metros` is iterated over on each request; `ready` tells whether each has been polled once.
    `reload` raises `ConfigurationError` where it refuses; without it `POST /-/reload` is a 403.
    """
    turns = Turns()

    async def metrics(request: Request) -> Response:
        openmetrics, content_type = negotiated(_list_header(request, "accept"))
        tail = telemetry.exposition(openmetrics=openmetrics)
        stream = exposition.stream(openmetrics=openmetrics, tail=tail)
        gzip = gzip_accepted(_list_header(request, "accept-encoding"))
        return _StreamResponse(stream, content_type, turns, gzip=gzip)

    async def landing(_: Request) -> Response:
        page = landing_page(metros, store, telemetry_path)
        return HTMLResponse(page, headers=_SECURITY)

    async def reloading(request: Request) -> Response:
        if reload is None:
            return PlainTextResponse("The lifecycle API is not enabled.\n", status_code=403)
        if _cross_origin(request):
            return PlainTextResponse("The request comes from another site.\n", status_code=403)
        try:
            await reload()
        except ConfigurationError as exc:
            return PlainTextResponse(f"The configuration is refused: {exc}\n", status_code=500)
        return PlainTextResponse("Reloaded.\n")

    app = Starlette(
        routes=[
            _Route(telemetry_path, metrics),
            _Route("/", landing),
            *_probes(ready),
            _Route("/-/reload", reloading, methods=["POST"]),
        ]
    )
    app.router.redirect_slashes = False  # only documented paths answer
    return app


def create_probe_app(ready: Callable[[], bool]) -> Starlette:
    """Health and readiness alone, for an address that needs neither TLS nor a password."""
    app = Starlette(routes=_probes(ready))
    app.router.redirect_slashes = False
    return app


def _probes(ready: Callable[[], bool]) -> list[Route]:
    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Healthy.\n")

    async def is_ready(_: Request) -> Response:
        if ready():
            return PlainTextResponse("Ready.\n")
        return PlainTextResponse("Not every metro has been tried yet.\n", status_code=503)

    return [_Route("/-/healthy", healthy), _Route("/-/ready", is_ready)]


class _Route(Route):
    """Answers its path to the letter: Starlette's pattern takes a line feed after it as well."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["path"] != self.path:
            return Match.NONE, {}
        return super().matches(scope)


def _list_header(request: Request, name: str) -> str:
    """The header as one list, on however many lines it came (RFC 9110, section 5.3)."""
    return ", ".join(request.headers.getlist(name))


def _cross_origin(request: Request) -> bool:
    """Whether a browser sends the request for a page of another origin.

    By `Sec-Fetch-Site` (W3C, "Fetch Metadata Request Headers"), else by `Origin` (RFC 6454); what
    sends neither is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


class _StreamResponse(Response):
    """The metrics, sent from the buffers that they are stored in (decisions/0505)."""

    def __init__(self, stream: Segment, content_type: str, turns: Turns, *, gzip: bool) -> None:
        self._turns = turns
        self._buffers: Iterable[bytes]
        if gzip:
            buffers = stream.gzip()
            size = sum(map(len, buffers))
            self._buffers = buffers
        else:
            size = stream.size
            self._buffers = stream.text()
        headers = {"Content-Length": str(size), "Vary": "Accept, Accept-Encoding"}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        super().__init__(headers={**headers, "Content-Type": content_type})

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        owner = share(scope["client"][0]) if scope["client"] else ""
        await self._turns.turn(owner, begun=False)
        for piece in _pieces(self._buffers) if scope["method"] != "HEAD" else ():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await self._turns.turn(owner, begun=True)  # inflating takes a while: others go on
        await send({"type": "http.response.body", "body": b""})


def _pieces(buffers: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, small buffers joined; a large one is not copied."""
    small: list[bytes] = []
    size = 0
    for buffer in buffers:
        small.append(buffer)
        size += len(buffer)
        if size >= _LEAST_SENT_BYTES:
            yield small[0] if len(small) == 1 else b"".join(small)
            small, size = [], 0
    yield b"".join(small)
