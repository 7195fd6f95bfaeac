"""An event loop whose clock stands still until a test moves it, so that no test waits."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

STEP_SECONDS = 0.1
_AT_MOST_SECONDS = 3600

T = TypeVar("T")


class SteppedLoop(asyncio.SelectorEventLoop):
    """Its timers are due by `now`, which `passing` moves on.

    `@pytest.fixture def anyio_backend(): return "asyncio", {"loop_factory": SteppedLoop}` gives the
    tests of a module such a loop.
    """

    now = 0.0

    def time(self) -> float:
        """Seconds that never go back."""
        return self.now


async def passing(awaited: Awaitable[T]) -> tuple[T, float]:
    """The result, and how many seconds passed until it came: a step at each turn of the loop.

    Raises TimeoutError after an hour.
    """
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteppedLoop)
    task, start = asyncio.ensure_future(awaited), loop.now
    async with asyncio.timeout(_AT_MOST_SECONDS):
        while not task.done():
            loop.now += STEP_SECONDS
            await asyncio.sleep(0)
    return await task, loop.now - start
