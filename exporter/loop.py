"""Which event loop runs the exporter."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where it is installed, otherwise on asyncio's own loop.

    uvloop writes to sockets without the interpreter's lock, so a large page leaves at full speed
    while a poll is being rendered.
    """
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
