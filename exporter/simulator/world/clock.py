"""The simulated platform's time: it starts anywhere, runs at any speed, and can be advanced."""

import math
import time
from collections.abc import Callable

# Years 385 and 8941: far enough for any rehearsal, and what lies around them still has a date.
EARLIEST, LATEST = -50_000_000_000.0, 220_000_000_000.0


class Clock:
    """Simulated Unix time, in seconds.

    `start` is the first moment (None: the wall clock's), `speed` how many simulated seconds pass
    in one of `source` (0: time stands still but for `advance`), `source` a clock in seconds.
    The attribute `start` keeps the first moment: a scenario describes the account as of then.
    Raises ValueError for a start, a speed or a step that no calendar has.
    """

    def __init__(
        self,
        start: float | None = None,
        speed: float = 1.0,
        source: Callable[[], float] = time.time,
    ) -> None:
        if not 0 <= speed < math.inf:
            raise ValueError(f"speed: expected a number from 0 up, got {speed}")
        self._source = source
        self._origin = source()
        self._base = self._origin if start is None else float(start)
        if not EARLIEST <= self._base <= LATEST:
            raise ValueError(f"start: {start} is out of the calendar")
        self.speed = float(speed)
        self.start = self._base

    def now(self) -> float:
        """The simulated Unix time; it never exceeds the year 8941, where it stands still."""
        return min(self._base + (self._source() - self._origin) * self.speed, LATEST)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once; ValueError where that is negative or not finite."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds: expected a number from 0 up, got {seconds}")
        self._base = min(self._base + seconds, LATEST)
