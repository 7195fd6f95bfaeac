"""How many metros were read so far, on standard error."""

from collections.abc import Callable
from typing import TextIO

from exporter.status.words import count


def progress(metros: int, stream: TextIO, *, terminal: bool) -> Callable[[], None]:
    """What to call when another metro was polled.

    On a terminal one line counts them and is gone at the end; elsewhere one says that it begins.
    """
    if not terminal:
        print(f"reading {count(metros, 'metro')}", file=stream)
        return lambda: None
    done = 0
    print(f"reading {count(metros, 'metro')} …", end="", file=stream, flush=True)

    def polled() -> None:
        nonlocal done
        done += 1
        words = f"{done} of {count(metros, 'metro')} read …" if done < metros else ""
        print(f"\r\x1b[K{words}", end="", file=stream, flush=True)

    return polled
