"""Exceptions that nobody foresaw: each costs one poll, and is counted; each kind is logged once."""

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from exporter.errors import PollError, Unexpected
from exporter.polling.snapshot import Key

_FRAMES: Final = 6
_MAX_CHARACTERS: Final = 1000

log = structlog.get_logger()


class Unforeseen:
    """Turns an exception outside of `errors` into the failure of one poll.

    `count` is called for each. A kind is a type of exception and the line that raised it.
    """

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count
        self._logged: set[tuple[type[Exception], str]] = set()

    def failure(self, key: Key, exc: Exception) -> PollError:
        """The error to fail the metro's poll with; a `PollError` is what it is."""
        if isinstance(exc, PollError):
            return exc
        bug = next((e for e in _leaves(exc) if not isinstance(e, PollError)), exc)
        self._count()
        where = _where(bug)
        if (type(bug), where) not in self._logged:
            self._logged.add((type(bug), where))
            text = "".join(traceback.format_exception(bug, limit=-_FRAMES))
            log.error(
                "this is a bug in the exporter; it costs this poll",
                **key._asdict(),
                where=where,
                # Its end says most.
                traceback=text[-_MAX_CHARACTERS:],
            )
        return Unexpected(f"{type(bug).__name__} at {where}: {bug}"[:_MAX_CHARACTERS])


def _leaves(exc: Exception) -> Iterator[Exception]:
    if isinstance(exc, ExceptionGroup):
        for inner in exc.exceptions:
            yield from _leaves(inner)
    else:
        yield exc


def _where(exc: Exception) -> str:
    frames = traceback.extract_tb(exc.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
