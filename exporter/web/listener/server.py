"""Listening sockets served over HTTP or HTTPS, to a bounded number of clients (decisions/0402)."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from exporter.web.listener.clients import Shares, share
from exporter.web.listener.connection import PIECE, Connection, Limits
from exporter.web.listener.requests import OriginForm
from exporter.web.listener.tls import Handshake

_TLS_SHUTDOWN_SECONDS: Final = 5.0
_ACCEPT_RETRY_SECONDS: Final = 0.1
_FEWEST_CONNECTIONS: Final = 4
_SPARE_DESCRIPTORS: Final = 16
_UNSENT_BYTES: Final = 1 << 18

log = structlog.get_logger()


class Server(uvicorn.Server):
    """Serves an application until `should_exit`, and then for at most `grace` seconds.

    `handshake` is called for each connection, so that it begins with the certificate of that
    moment; without one the connection is plain HTTP.
    Whoever holds connections open keeps nobody else from being served: a client over a limit
    pushes out another, of the address that has the most, the one without progress for longest.
    `reserved` tells how many file descriptors the rest of the process may need now.
    Signals are left to the caller.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: Sequence[socket.socket],
        handshake: Callable[[], Handshake | None] = lambda: None,
        *,
        grace: int,
        limits: Limits | None = None,
        reserved: Callable[[], int] = lambda: 0,
    ) -> None:
        limits = limits or Limits()
        config = uvicorn.Config(
            OriginForm(app),
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            loop="none",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            log_level="error",  # below it, each malformed request of a client is a line
            # h11 compares before it adds a piece.
            h11_max_incomplete_event_size=limits.head_bytes - PIECE,
            timeout_keep_alive=limits.idle,
            timeout_graceful_shutdown=grace,
        )
        super().__init__(config)
        self._listeners = tuple(listeners)
        self._handshake = handshake
        self._limits = limits
        self._reserved = reserved
        self._clients: Shares[Connection] = Shares()
        self._unread: Shares[Connection] = Shares()
        self._accepting: set[asyncio.Task[None]] = set()
        self._connecting: dict[Connection, asyncio.Task[None]] = {}

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        del sockets
        self.servers = []
        await self.on_tick(0)  # the first answer has a `Date` too
        for listener in self._listeners:
            listener.setblocking(False)
            task = asyncio.create_task(self._accept(listener))
            task.add_done_callback(self._stop_accepting)
            self._accepting.add(task)
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and wait for the answers under way.

        Raises the bug that ended an accept loop, if one did.
        """
        for task in (*self._accepting, *self._connecting.values()):
            task.cancel()
        for listener in self._listeners:
            listener.close()
        await super().shutdown(sockets)
        for client in self._clients:
            self._give_up(client)
        for task in self._accepting:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listener)
            except ConnectionError:
                continue  # the client went before it was accepted
            except OSError as exc:  # no descriptors or no memory are left
                log.warning("cannot accept connections", error=exc.strerror)
                self._give_up_over(0)
                await asyncio.sleep(_ACCEPT_RETRY_SECONDS)
                continue
            self._give_up_over(self._most() - 1)
            try:
                self._begin(accepted, share(address[0]))
            except BaseException:
                accepted.close()
                raise
            await asyncio.sleep(0)  # a burst of new clients must not delay the connected ones

    def progressed(self, connection: Connection) -> None:
        """Put a client behind the others of its address."""
        self._unread.discard(connection)
        self._clients.move_to_end(connection)

    def unread(self, connection: Connection) -> None:
        """Give up one of those that leave an answer unread, if there are too many of them."""
        self._unread.put(connection, connection.share)
        if len(self._unread) > self._limits.unread:
            self._give_up(self._unread.first())

    def ended(self, connection: Connection) -> None:
        """Count a client no more."""
        self._clients.discard(connection)
        self._unread.discard(connection)

    def _most(self) -> int:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return affordable(self._limits.connections, self._reserved(), soft=soft)

    def _give_up_over(self, most: int) -> None:
        if len(self._clients) > most:
            self._give_up(self._clients.first())

    def _give_up(self, client: Connection) -> None:
        self.ended(client)
        task = self._connecting.pop(client, None)
        if task is not None and not client.connected:
            task.cancel()
        client.abort()

    def _begin(self, accepted: socket.socket, owner: str) -> None:
        # As asyncio does for sockets of its own: with Nagle's algorithm the second packet of an
        # answer waits for the client to acknowledge the first, which it does 40 ms later.
        with contextlib.suppress(OSError):  # the client may have gone
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            # What a client leaves unread would otherwise fill megabytes of the kernel's memory,
            # which count as the process' own where that is limited.
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux and macOS
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        handshake = self._handshake()
        admits = handshake.admits if handshake else lambda _: True
        client = Connection(self.config, self.server_state, self._limits, admits, self, owner)
        self._clients.put(client, owner)
        task = asyncio.create_task(self._connect(client, accepted, handshake))
        self._connecting[client] = task
        # A task that is cancelled before its first step closes nothing itself.
        task.add_done_callback(lambda _: None if client.connected else accepted.close())

    async def _connect(
        self, client: Connection, accepted: socket.socket, handshake: Handshake | None
    ) -> None:
        """Hand the socket to its connection, after the TLS handshake where there is one."""
        loop = asyncio.get_running_loop()
        try:
            if handshake is None:
                await loop.connect_accepted_socket(lambda: client, accepted)
            else:
                await loop.connect_accepted_socket(
                    lambda: client,
                    accepted,
                    ssl=handshake.context,
                    ssl_handshake_timeout=self._limits.handshake,
                    ssl_shutdown_timeout=_TLS_SHUTDOWN_SECONDS,
                )
        except OSError as exc:
            log.debug("connection refused", error=str(exc))
            self.ended(client)
        finally:
            self._connecting.pop(client, None)

    def _stop_accepting(self, task: asyncio.Task[None]) -> None:
        # A process that accepts no connections must end, so that it is seen to be down.
        self.should_exit = self.should_exit or not task.cancelled()


def affordable(connections: int, reserved: int, *, soft: int) -> int:
    """As many connections as leave the descriptors that are reserved, and some more.

    `soft` is how many the process may have.
    """
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(_FEWEST_CONNECTIONS, min(connections, soft - reserved - _SPARE_DESCRIPTORS))
