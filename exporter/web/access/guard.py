"""What wraps the application: the operator's headers and, where there are users, a password."""

from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.access.authentication import Busy, Passwords
from exporter.web.access.settings import WebSettings
from exporter.web.listener.clients import share


class Guard:
    """Passes on the requests of users of the web config file; without users, every request.

    A request with a body is refused: no route takes one.
    """

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self._app = app
        self._settings = settings
        self._passwords = Passwords()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 413 or 503, or pass the request on."""
        configuration = self._settings.current().configuration
        headers = Headers(scope=scope)
        app = self._app
        if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
            app = _NO_BODY
        elif configuration.users:
            authorization = headers.get("authorization", "")
            client = share(scope["client"][0]) if scope["client"] else ""
            try:
                if not await self._passwords.right(
                    configuration.users, authorization, client=client
                ):
                    app = _UNAUTHORIZED
            except Busy:
                app = _BUSY
        await app(scope, receive, _with_headers(send, configuration.headers))


_UNAUTHORIZED = PlainTextResponse(
    "Unauthorized\n", 401, headers={"WWW-Authenticate": 'Basic realm="metrics", charset="UTF-8"'}
)
_NO_BODY = PlainTextResponse("Content Too Large\n", 413, headers={"Connection": "close"})
_BUSY = PlainTextResponse("Service Unavailable\n", 503, headers={"Retry-After": "5"})


def _with_headers(send: Send, headers: Sequence[tuple[str, str]]) -> Send:
    if not headers:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            extended = MutableHeaders(raw=list(message["headers"]))
            for name, value in headers:
                extended[name] = value
            message = {**message, "headers": extended.raw}
        await send(message)

    return sending
