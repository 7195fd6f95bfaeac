"""HTTP/1.1 on one connection, with bounds on what its client can hold up (decisions/0402)."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from exporter.web.listener.tls import ClientCertificate

PIECE: Final = 4096
"""How many bytes are handed to the parser at a time."""

_WRITE_BUFFER_BYTES: Final = 1 << 16


class Limits(NamedTuple):
    """What one client may take up; times are in seconds of the event loop's clock.

    A request's head of more than `head_bytes` is refused; one that is a `PIECE` shorter never is.
    `head` is from the first byte of a request to the end of its head, `idle` between requests,
    `answer` from there until the client has taken the whole answer. Of `connections`, at most
    `unread` have an answer waiting in the exporter's own memory for their client to read on.
    """

    connections: int = 256
    unread: int = 16
    head_bytes: int = 16 * 1024
    handshake: float = 10.0
    head: float = 10.0
    idle: int = 120
    answer: float = 60.0


class ClientDisconnected(OSError):
    """There is nobody any more to send to (ASGI, "HTTP & WebSocket ASGI Message Format")."""


class Observer(Protocol):
    """Is told how far a connection has come."""

    def progressed(self, connection: "Connection") -> None:
        """The client did what was expected of it next."""

    def unread(self, connection: "Connection") -> None:
        """The client leaves an answer unread; when it reads on, it has progressed."""

    def ended(self, connection: "Connection") -> None:
        """The connection is gone."""


class Connection(H11Protocol):
    """One client; `share` is what counts as its address.

    `admits` is asked once, before a byte is read, with the client's TLS certificate.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        limits: Limits,
        admits: Callable[[ClientCertificate], bool],
        observer: Observer,
        share: str,
    ) -> None:
        super().__init__(config, server_state, {})
        self._limits = limits
        self._admits = admits
        self._observer = observer
        self.share = share
        self._deadline: asyncio.TimerHandle | None = None
        self.app = self._until_disconnected(self.app)

    @property
    def connected(self) -> bool:
        """Whether the connection has come as far as HTTP."""
        return self.transport is not None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the head of a first request, within its limit."""
        super().connection_made(transport)
        # Over TLS asyncio would take eight times as much before it waits for the client.
        transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        if self._admits(transport.get_extra_info("peercert")):
            self._observer.progressed(self)
            self._set_deadline(self._limits.head)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse more of a request; once it is whole, its answer has a limit of its own."""
        if self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            data = data.lstrip(b"\r\n")  # empty lines before a request (RFC 9112, section 2.2)
        # In pieces: h11 checks the length of a head only while its end has not come.
        for start in range(0, len(data), PIECE):
            before = self.cycle
            super().data_received(data[start : start + PIECE])
            if self.transport.is_closing():
                return
            if self.cycle is not before:
                self._begin_answer()
            elif self._deadline is None:
                self._set_deadline(self._limits.head)

    def on_response_complete(self) -> None:
        """Leave a client that stays to the limit of idle ones, which uvicorn keeps."""
        done = self.cycle
        self._observer.progressed(self)
        if not self.transport.is_closing():
            self._set_deadline(None)
        super().on_response_complete()
        if self.cycle is not done:  # the next request was there already
            self._begin_answer()
        elif self.conn.trailing_data[0]:  # or a part of its head
            self._set_deadline(self._limits.head)

    def pause_writing(self) -> None:
        """Note a client that reads more slowly than it is answered."""
        super().pause_writing()
        self._observer.unread(self)

    def resume_writing(self) -> None:
        """Note that it reads on."""
        self._observer.progressed(self)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, without waiting for a client that leaves its answer unread."""
        if self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop both timers, and tell `ended`."""
        self._set_deadline(None)
        # uvicorn's own method, and private: pyproject.toml bounds the versions that have it.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._observer.ended(self)

    def abort(self) -> None:
        """End the connection now."""
        if self.connected:
            self.transport.abort()

    def _until_disconnected(self, app: ASGIApp) -> ASGIApp:
        """The application, ended once its client is gone; uvicorn would let it render on."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if self.transport.is_closing():
                    raise ClientDisconnected
                await send(message)

            try:
                await app(scope, receive, sending)
            except ClientDisconnected:
                # uvicorn would call it a fault of the application until it knows of it, too.
                while (await receive())["type"] != "http.disconnect":
                    pass

        return answer

    def _begin_answer(self) -> None:
        self._observer.progressed(self)
        self._set_deadline(self._limits.answer)

    def _set_deadline(self, seconds: float | None) -> None:
        """Abort after so many seconds in place of the last deadline; with None, not at all."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(seconds, self.abort)
