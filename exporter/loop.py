"""The event loop of the exporter, and work in threads beside it."""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeVar

SWITCH_SECONDS: Final = 0.0005
"""How long a thread that reads or renders may hold the interpreter's lock."""

T = TypeVar("T")


class Aside(Protocol):
    """Does work in a thread, so that the event loop goes on meanwhile."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return or raise what the work does."""
        ...


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where it is installed, otherwise on asyncio's own loop.

    uvloop writes to sockets without the interpreter's lock, so that a large answer is sent at full
    speed while a poll is rendered (decisions/0502).
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    _occupy_standard_descriptors()
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return asyncio.run(main)

    class Loop(uvloop.Loop):  # type: ignore[misc, unused-ignore]
        """Resolves names as asyncio does: the end of the process waits for libuv's threads."""

        async def getaddrinfo(self, host: Any, port: Any, **how: int) -> Any:
            resolve = partial(socket.getaddrinfo, host, port, **how)
            return await self.run_in_executor(None, resolve)

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


def _occupy_standard_descriptors() -> None:
    """Open the null device in place of each standard stream that is closed.

    The next socket would take its descriptor: a library that writes to the stream would write to
    the socket, and libuv aborts the process when it is given one.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
