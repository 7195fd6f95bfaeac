"""Which event loop runs the exporter."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

SWITCH_SECONDS: Final = 0.0005
"""How long a thread that reads or renders may keep the event loop from running."""

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where it is installed, otherwise on asyncio's own loop.

    uvloop writes to sockets without the interpreter's lock, so a large page leaves at full speed
    while a poll is being rendered.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
