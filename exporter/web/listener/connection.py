"""HTTP/1.1 on one connection, with bounds on what its client can hold up (decisions/0402)."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from exporter.web.listener.tls import ClientCertificate

PIECE: Final = 4096
"""How many bytes are handed to the parser at a time."""


class Limits(NamedTuple):
    """What one client may take up; times are in seconds of the event loop's clock.

    A request's head of more than `head_bytes` is refused; one that is a `PIECE` shorter never is.
    `head` is from the first byte of a request to the end of its head, `idle` between requests,
    `answer` from there until the client has taken the whole answer.
    """

    connections: int = 512
    head_bytes: int = 16 * 1024
    handshake: float = 10.0
    head: float = 10.0
    idle: int = 120
    answer: float = 120.0


class Connection(H11Protocol):
    """One client.

    `admits` is asked once, before a byte is read, with the client's TLS certificate.
    `ended` is called once the connection is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        limits: Limits,
        admits: Callable[[ClientCertificate], bool],
        ended: Callable[["Connection"], None],
    ) -> None:
        super().__init__(config, server_state, {})
        self._limits = limits
        self._admits = admits
        self._ended = ended
        self._deadline: asyncio.TimerHandle | None = None
        self._answering = False

    @property
    def connected(self) -> bool:
        """Whether the connection has come as far as HTTP."""
        return self.transport is not None

    @property
    def idle(self) -> bool:
        """Whether no answer is owed to the client."""
        return not self._answering

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the head of a first request, within its limit."""
        super().connection_made(transport)
        if self._admits(transport.get_extra_info("peercert")):
            self._set_deadline(self._limits.head)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse more of a request; once it is whole, its answer has a limit of its own."""
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
        done, self._answering = self.cycle, False
        if not self.transport.is_closing():
            self._set_deadline(None)
        super().on_response_complete()
        if self.cycle is not done:  # the next request was there already
            self._begin_answer()
        elif self.conn.trailing_data[0]:  # or a part of its head
            self._set_deadline(self._limits.head)

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
        self._ended(self)

    def abort(self) -> None:
        """End the connection now."""
        if self.connected:
            self.transport.abort()

    def _begin_answer(self) -> None:
        self._answering = True
        self._set_deadline(self._limits.answer)

    def _set_deadline(self, seconds: float | None) -> None:
        """Abort after so many seconds in place of the last deadline; with None, not at all."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(seconds, self.abort)
