"""The ASGI application: routes to the metrics, health, readiness, reload and the page."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from exporter.errors import ConfigurationError
from exporter.exposition.deflate import Segment
from exporter.exposition.render import Exposition
from exporter.exposition.telemetry import Telemetry
from exporter.status.board import Board
from exporter.web.listener.clients import share
from exporter.web.listener.turns import Turns
from exporter.web.negotiation import gzip_accepted, json_preferred, negotiated
from exporter.web.status import HEADERS, View, reload_seconds, status_page

_LEAST_SENT_BYTES: Final = 1 << 16


def create_app(
    *,
    exposition: Exposition,
    telemetry: Telemetry,
    board: Board,
    ready: Callable[[], bool],
    telemetry_path: str = "/metrics",
    reload: Callable[[], Awaitable[None]] | None = None,
) -> Starlette:
    """The application.

    `board` gives what people are shown; `ready` tells whether each metro has been polled once.
    `reload` raises `ConfigurationError` where it refuses; without it `POST /-/reload` is a 403.
    """
    turns = Turns()

    async def metrics(request: Request) -> Response:
        await turns.turn(_owner(request.scope), begun=False)
        openmetrics, content_type = negotiated(_list_header(request, "accept"))
        tail = telemetry.exposition(openmetrics=openmetrics)
        stream = exposition.stream(openmetrics=openmetrics, tail=tail)
        gzip = gzip_accepted(_list_header(request, "accept-encoding"))
        return _StreamResponse(stream, content_type, turns, gzip=gzip)

    async def people(request: Request) -> Response:
        await turns.turn(_owner(request.scope), begun=False)
        status = await board.search(request.query_params.get("q", ""))
        as_json = request.query_params.get("format") == "json"
        if as_json or json_preferred(_list_header(request, "accept")):
            body = msgspec.json.encode(status)
            return Response(body, headers=HEADERS, media_type="application/json")
        view = View(telemetry_path, request.query_params.get("reload") != "off")
        # The header rather than an element: it can be turned off (WCAG 2.2, 2.2.1).
        reload = {"Refresh": str(reload_seconds(status))} if view.reloads else {}
        return HTMLResponse(status_page(status, view), headers={**HEADERS, **reload})

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
            _Route("/", people),
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


def _owner(scope: Scope) -> str:
    """Whose turn it is."""
    return share(scope["client"][0]) if scope["client"] else ""


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
        owner = _owner(scope)
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
