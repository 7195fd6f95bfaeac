"""Which event loop runs the exporter, and what may be done beside it."""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, TypeVar

SWITCH_SECONDS: Final = 0.0005
"""How long a thread that reads or renders may keep the event loop from running."""

T = TypeVar("T")


class Aside(Protocol):
    """Does some work in a thread, so that the event loop goes on meanwhile."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What the work returns or raises."""
        ...


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where it is installed, otherwise on asyncio's own loop.

    uvloop writes to sockets without the interpreter's lock, so a large page leaves at full speed
    while a poll is being rendered.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    _occupy_standard_descriptors()
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return asyncio.run(main)

    class Loop(uvloop.Loop):  # type: ignore[misc, unused-ignore]
        """Resolves names as asyncio does: libuv's few threads would hold up the process' end."""

        async def getaddrinfo(self, host: Any, port: Any, **how: int) -> Any:
            resolve = partial(socket.getaddrinfo, host, port, **how)
            return await self.run_in_executor(None, resolve)

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


def _occupy_standard_descriptors() -> None:
    """Open nothing in place of a standard stream that is closed.

    A socket there would be given what a library writes to that stream, and libuv ends the process
    when it meets one.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
