"""Durations as Prometheus writes them, and percentages, as numbers."""

import re
from typing import Final

_DURATION: Final = re.compile(
    "".join(rf"(?:(\d{{1,15}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")), re.ASCII
)
_SECONDS: Final = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
_LONGEST: Final = 10 * _SECONDS[0]
_PERCENTAGE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)%", re.ASCII)


def duration(text: str | float) -> float:
    """Seconds of a Prometheus duration: `1m30s`, `500ms`, `1h`, `0`.

    Raises ValueError (Prometheus, "Configuration", `<duration>`).
    """
    if text in ("0", 0):
        return 0.0
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if match is None:
        raise ValueError("expected a Prometheus duration such as 60s, 1m30s or 500ms")
    parts = zip(match.groups(), _SECONDS, strict=True)
    return float(sum(int(number) * unit for number, unit in parts if number))


def positive_duration(text: str | float) -> float:
    """Seconds of a Prometheus duration of more than 0 and at most 10 years; raises ValueError."""
    seconds = duration(text)
    if not 0 < seconds <= _LONGEST:
        raise ValueError("expected a duration longer than 0 and of at most 10y")
    return seconds


def percentage(text: str | float) -> float:
    """The share of 1 that a percentage such as `25%` or `12.5%` is.

    Raises ValueError, for 0% and 100% too.
    """
    match = _PERCENTAGE.fullmatch(text) if isinstance(text, str) else None
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share < 1:
        raise ValueError("expected a percentage between 0% and 100% such as 25% or 12.5%")
    return share
