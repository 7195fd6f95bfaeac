"""An application on a real socket."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from exporter.simulator.http.answers import failure
from exporter.simulator.http.asgi import Application, Receive, Scope, Send
from exporter.simulator.http.misbehaviour import CONNECTION

__all__ = ["Address", "Application", "serve"]

_BACKLOG = 128
_GRACE_SECONDS = 1
_HEAD_LIMIT = 128 << 10  # room for 253 ids in a query


class Address(str):
    """The URL of a server that listens, such as `http://127.0.0.1:8080`."""

    __slots__ = ("host", "port")
    host: str
    port: int

    @classmethod
    def of(cls, scheme: str, host: str, port: int) -> "Address":
        """The URL of a host and a port."""
        shown = f"[{host}]" if ":" in host else host
        address = cls(f"{scheme}://{shown}:{port}")
        address.host, address.port = host, port
        return address


class _Protocol(H11Protocol):
    """HTTP that lets the application end its connection, and says even "bad request" in JSON."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application: Any = self.app

        def reset() -> None:
            # Closing a socket that does not linger sends a reset instead of an end.
            sock = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # the client may have gone first
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

        connection = {"reset": reset, "close": transport.close}

        async def connected(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), CONNECTION: connection}
            await application({**scope, "extensions": extensions}, receive, send)

        self.app = connected

    def send_400_response(self, msg: str) -> None:
        body = failure(400, msg).body
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"connection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it, and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Whoever waits for an answer that hangs would hold up the end.
        hanging = asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._abort)
        await super().shutdown(sockets)
        hanging.cancel()

    def _abort(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


@contextlib.asynccontextmanager
async def serve(
    app: Application,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    certfile: str | None = None,
    keyfile: str | None = None,
) -> AsyncIterator[Address]:
    """Serve an ASGI application while the block runs; gives its URL, with `host` and `port`.

    Port 0 takes a free one; with `certfile` it is HTTPS. Raises OSError where it cannot listen.
    """
    config = uvicorn.Config(
        app,
        interface="asgi3",
        proxy_headers=False,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=_HEAD_LIMIT,
        timeout_graceful_shutdown=2 * _GRACE_SECONDS,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
    )
    config.load()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    server = _Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    ready = asyncio.ensure_future(server.ready.wait())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield Address.of("https" if certfile else "http", host, listener.getsockname()[1])
    finally:
        ready.cancel()
        server.should_exit = True
        await running
        listener.close()
