"""Requests as the application gets them, whatever form a client sent them in."""

import re
from typing import Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]+)(/.*)?", re.IGNORECASE | re.DOTALL)


class OriginForm:
    """Gives the application each request target in origin form (RFC 9112, section 3.2.1).

    A target in absolute form, as it is sent to a proxy, names the host in place of `Host`
    (section 3.2.2).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on the request."""
        absolute = _ABSOLUTE.fullmatch(scope["raw_path"])
        if absolute is not None:
            path = absolute[2] or b"/"
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {
                **scope,
                "path": unquote(path.decode("ascii")),
                "raw_path": path,
                "headers": [(b"host", absolute[1]), *headers],
            }
        await self._app(scope, receive, send)
