"""The event loop of the exporter, and work in threads beside it."""

import asyncio
import math
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, Protocol, TypeVar

SWITCH_SECONDS: Final = 0.0005
"""How long a thread that reads or renders may hold the interpreter's lock."""

_FREED_AT_ONCE: Final = 1024

P = ParamSpec("P")
T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work that pauses where somebody else may have a turn; what it returns is its result."""


class Aside(Protocol):
    """Does work in a thread, so that the event loop goes on meanwhile."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return or raise what the work does."""
        ...


async def in_turn(aside: Aside, steps: Steps[T]) -> T:
    """The result of the steps, each done `aside`: others that wait there come in between.

    Where nobody waits for the result any more, no further step is done.
    """
    while not (result := await aside(partial(_step, steps))):
        pass
    return result[0]


def _step(steps: Steps[T]) -> tuple[T, ...]:
    """One step; gives the result with the last one."""
    try:
        next(steps)
    except StopIteration as end:
        return (end.value,)
    return ()


def finished(steps: Steps[T], most: float = math.inf) -> T:
    """The result of the steps, one right after the other; ValueError after `most` pauses."""
    pauses = 0
    while not (result := _step(steps)):
        pauses += 1
        if pauses > most:
            raise ValueError("it takes too long")
    return result[0]


def whole(work: Callable[P, Steps[T]]) -> Callable[P, T]:
    """The same work without a pause, for those who have nothing else to do."""

    def done(*arguments: P.args, **options: P.kwargs) -> T:
        return finished(work(*arguments, **options))

    return done


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


class Threads(ThreadPoolExecutor):
    """At most so many threads; where the system gives no more, work waits for those there are.

    Without that, whoever asks for the next thread is told that there is none, though its work is
    queued: a name lookup would fail with a bug rather than wait, and time out.
    """

    def _adjust_thread_count(self) -> None:
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


def free(objects: list[Any]) -> None:
    """Forget the objects, a piece at a time: a hundred thousand at once take 70 ms.

    For a thread; for as long as a piece is freed no other one runs.
    """
    while objects:
        del objects[-_FREED_AT_ONCE:]


def _occupy_standard_descriptors() -> None:
    """Open the null device in place of each standard stream that is closed.

    The next socket would take its descriptor: a library that writes to the stream would write to
    the socket, and libuv aborts the process when it is given one.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
