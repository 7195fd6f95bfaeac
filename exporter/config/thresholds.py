"""The thresholds of a metro, merged from up to three levels: the nearest wins, key by key."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from exporter.config import Expiry, Patience, Thresholds
from exporter.config.document import WrongValue
from exporter.config.entries import LimitsEntry, Quantity, ThresholdsEntry
from exporter.config.quantities import percentage, positive_duration

_Read = Callable[[Quantity], float]


class Level(NamedTuple):
    """The thresholds of one level, and their place such as `$.accounts[0].thresholds`."""

    path: str
    entry: ThresholdsEntry


_DEFAULTS: Final = Level(
    "",
    ThresholdsEntry(
        automatic=LimitsEntry("25%", "10%"),
        manual=LimitsEntry("30d", "7d"),
        never_issued=LimitsEntry("15m", "1h"),
        validation_attempts=3,
    ),
)


class _Limit(NamedTuple):
    value: float
    text: Quantity


def merged(levels: Sequence[Level]) -> Thresholds:
    """The thresholds by these levels, the outermost first; what none of them says is the default.

    Raises `WrongValue` for a limit that is invalid, and for two that contradict each other.
    """
    levels = (_DEFAULTS, *levels)
    attempts = (level.entry.validation_attempts for level in reversed(levels))
    return Thresholds(
        automatic=_expiry("automatic", levels, percentage),
        manual=_expiry("manual", levels, positive_duration),
        never_issued=_patience("never_issued", levels, positive_duration),
        validation_attempts=next(number for number in attempts if number is not None),
    )


def _expiry(key: str, levels: Sequence[Level], read: _Read) -> Expiry:
    warning, critical, place = _nearest(key, levels, read)
    if critical.value > warning.value:
        expected = f"expected `critical` to be at most `warning`, which is {warning.text}"
        raise WrongValue(place, f"{expected}, got {critical.text}")
    return Expiry(warning.value, critical.value)


def _patience(key: str, levels: Sequence[Level], read: _Read) -> Patience:
    warning, critical, place = _nearest(key, levels, read)
    if critical.value < warning.value:
        expected = f"expected `critical` to be at least `warning`, which is {warning.text}"
        raise WrongValue(place, f"{expected}, got {critical.text}")
    return Patience(warning.value, critical.value)


def _nearest(key: str, levels: Sequence[Level], read: _Read) -> tuple[_Limit, _Limit, str]:
    """The innermost `warning` and `critical` of a key, and the innermost place that has either."""
    nearest: dict[str, _Limit] = {}
    place = ""
    for path, entry in levels:
        limits: LimitsEntry = getattr(entry, key)
        for name, text in (("warning", limits.warning), ("critical", limits.critical)):
            if text is None:
                continue
            place = f"{path}.{key}"
            try:
                nearest[name] = _Limit(read(text), text)
            except ValueError as exc:
                raise WrongValue(f"{place}.{name}", str(exc)) from exc
    return nearest["warning"], nearest["critical"], place
