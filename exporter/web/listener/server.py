"""Listening sockets served over HTTP or HTTPS, to a bounded number of clients at a time."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from exporter.web.access.settings import WebSettings
from exporter.web.listener import tls
from exporter.web.listener.connection import PIECE, Connection, Limits

_TLS_GOODBYE_SECONDS: Final = 5.0
_BREATH_SECONDS: Final = 0.1
_FEWEST_CONNECTIONS: Final = 16

log = structlog.get_logger()


class Server(uvicorn.Server):
    """Serves an application until `should_exit`, and then for at most `grace` seconds.

    Where `settings` have TLS, each connection begins with what they say at that moment.
    Clients over the limit push out the one that waits longest without a request, or else the
    oldest, so that those who hold connections open keep nobody else from being served.
    Signals are left to whoever runs it.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: Sequence[socket.socket],
        settings: WebSettings | None = None,
        *,
        grace: int,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits(connections=_affordable(Limits().connections))
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            loop="none",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            log_level="error",  # a malformed request is the client's affair, and a flood of lines
            # h11 looks before a piece is added.
            h11_max_incomplete_event_size=limits.head_bytes - PIECE,
            timeout_keep_alive=limits.idle,
            timeout_graceful_shutdown=grace,
        )
        super().__init__(config)
        self._listeners = tuple(listeners)
        self._settings = settings
        self._limits = limits
        self._clients: dict[Connection, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._handshakes: dict[Connection, asyncio.Task[None]] = {}

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        del sockets
        self.servers = []
        await self.on_tick(0)  # the first answer has a date too
        for listener in self._listeners:
            listener.setblocking(False)
            task = asyncio.create_task(self._accept(listener))
            task.add_done_callback(self._closed)
            self._tasks.add(task)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, let answers under way come to their end, and go.

        Raises the bug that has closed a door, if one has.
        """
        for task in (*self._tasks, *self._handshakes.values()):
            task.cancel()
        for listener in self._listeners:
            listener.close()
        await super().shutdown(sockets)
        for client in tuple(self._clients):
            client.abort()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # it went before it was taken
            except OSError as exc:  # no descriptors or no memory are left
                log.warning("cannot accept connections", error=exc.strerror)
                self._make_room(all_but=0)
                await asyncio.sleep(_BREATH_SECONDS)
                continue
            self._make_room(all_but=self._limits.connections - 1)
            try:
                self._welcome(accepted)
            except BaseException:
                accepted.close()
                raise
            await asyncio.sleep(0)  # a crowd before the door does not hold up those inside

    def _make_room(self, *, all_but: int) -> None:
        if len(self._clients) > all_but:
            oldest = next(iter(self._clients))
            leaving = next((client for client in self._clients if client.waiting), oldest)
            self._forget(leaving)
            leaving.abort()

    def _welcome(self, accepted: socket.socket) -> None:
        # As asyncio does for sockets of its own: the end of an answer would wait for the client to
        # confirm the beginning, which it does 40 ms later.
        with contextlib.suppress(OSError):  # it may have gone
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        loaded = self._settings.current() if self._settings else None
        settings = loaded.configuration.tls if loaded else None
        client = Connection(
            self.config,
            self.server_state,
            self._limits,
            partial(tls.admitted, settings) if settings else _everybody,
            self._forget,
        )
        self._clients[client] = None
        task = asyncio.create_task(self._connect(client, accepted, loaded and loaded.context))
        self._handshakes[client] = task
        # A task that is cancelled before its first step closes nothing itself.
        task.add_done_callback(lambda _: None if client.connected else accepted.close())

    async def _connect(self, client: Connection, accepted: socket.socket, context: Any) -> None:
        """The handshake, where there is one."""
        bounds = (
            {
                "ssl_handshake_timeout": self._limits.handshake,
                "ssl_shutdown_timeout": _TLS_GOODBYE_SECONDS,
            }
            if context
            else {}
        )
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: client, accepted, ssl=context, **bounds
            )
        except OSError as exc:
            log.debug("connection refused", error=str(exc))
            self._clients.pop(client, None)
        finally:
            self._handshakes.pop(client, None)

    def _forget(self, client: Connection) -> None:
        self._clients.pop(client, None)
        handshake = self._handshakes.pop(client, None)
        if handshake is not None and not client.connected:
            handshake.cancel()

    def _closed(self, task: asyncio.Task[None]) -> None:
        # Better gone, and missed, than there and deaf.
        self.should_exit = self.should_exit or not task.cancelled()


def _everybody(certificate: object) -> bool:
    del certificate
    return True


def _affordable(wanted: int) -> int:
    """As many connections as leave half of the process' descriptors to everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(_FEWEST_CONNECTIONS, min(wanted, soft // 2))
