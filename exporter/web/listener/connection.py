"""HTTP/1.1 on one connection, with a bound on everything that a client may hold up."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

PIECE: Final = 4096
"""How much is read on at a time."""


class Limits(NamedTuple):
    """What one client may take up; times are in seconds.

    No head is longer than `head_bytes`, and one that is shorter by a piece is not refused.
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

    `admitted` is asked once, before a byte is read, with the client's TLS certificate.
    `ended` is told once the connection is gone.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        limits: Limits,
        admitted: Callable[[Any], bool],
        ended: Callable[["Connection"], None],
    ) -> None:
        super().__init__(config, server_state, {})
        self._limits = limits
        self._admitted = admitted
        self._ended = ended
        self._deadline: asyncio.TimerHandle | None = None
        self._asked = False

    @property
    def connected(self) -> bool:
        """Whether the connection has come as far as HTTP."""
        return self.transport is not None

    @property
    def waiting(self) -> bool:
        """Whether the client has asked for nothing that is still owed to it."""
        return not self._asked

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with so much time for a first request."""
        super().connection_made(transport)
        if self._admitted(transport.get_extra_info("peercert")):
            self._within(self._limits.head)
        else:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on; a request that is whole has its own time to be answered in."""
        # By the piece: h11 bounds a head only for as long as its end is not there.
        for start in range(0, len(data), PIECE):
            before = self.cycle
            super().data_received(data[start : start + PIECE])
            if self.transport.is_closing():
                return
            if self.cycle is not before:
                self._begin_answer()
            elif self._deadline is None:
                self._within(self._limits.head)

    def on_response_complete(self) -> None:
        """Leave a client that stays to the clock of idle ones."""
        done, self._asked = self.cycle, False
        if not self.transport.is_closing():
            self._within(None)
        super().on_response_complete()
        if self.cycle is not done:  # the next request was there already
            self._begin_answer()

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection; a client that leaves its answer unread is not waited for."""
        if self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._within(None)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self._ended(self)

    def abort(self) -> None:
        """End the connection now."""
        if self.connected:
            self.transport.abort()

    def _begin_answer(self) -> None:
        self._asked = True
        self._within(self._limits.answer)

    def _within(self, seconds: float | None) -> None:
        """Abort after so long, instead of after what was said before."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(seconds, self.abort)
