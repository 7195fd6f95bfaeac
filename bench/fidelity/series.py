"""Samples over time as promtool writes them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple


class _Run(NamedTuple):
    """`length` samples from `first` on, each `change` more than the one before."""

    first: float
    change: float
    length: int


class Series:
    """Every series of a recording; one step after the other is taken in."""

    def __init__(self) -> None:
        self._runs: dict[str, list[_Run | int]] = {}
        self._lengths: dict[str, int] = {}

    def take(self, step: int, samples: Mapping[str, float]) -> None:
        """The samples of one step."""
        for name, value in samples.items():
            runs = self._runs.setdefault(name, [])
            missing = step - self._lengths.get(name, 0)
            if missing:
                runs.append(missing)
            self._lengths[name] = step + 1
            last = runs[-1] if runs else None
            if isinstance(last, _Run):
                if last.length == 1:
                    runs[-1] = _Run(last.first, value - last.first, 2)
                    continue
                if value == last.first + last.change * last.length:
                    runs[-1] = last._replace(length=last.length + 1)
                    continue
            runs.append(_Run(value, 0.0, 1))

    def __len__(self) -> int:
        return len(self._runs)

    def promtool(self, steps: int) -> Iterator[tuple[str, str]]:
        """Each series with its values in promtool's notation, over so many steps."""
        for name, runs in self._runs.items():
            missing = steps - self._lengths[name]
            yield name, " ".join(self._notation([*runs, missing] if missing else runs))

    def _notation(self, runs: list[_Run | int]) -> Iterator[str]:
        for position, run in enumerate(runs):
            if isinstance(run, int):
                # What was there and is not any more is marked stale, as a scrape marks it.
                yield from (
                    ("stale", f"_x{run - 1}")
                    if position and run > 1
                    else (("stale",) if position else (f"_x{run}",))
                )
            else:
                yield _text(run)
        # After the end of the recording nothing is asked any more.


def _text(run: _Run) -> str:
    if run.length == 1:
        return _number(run.first)
    if run.change == 0:
        return f"{_number(run.first)}x{run.length - 1}"
    sign = "+" if run.change > 0 else "-"
    return f"{_number(run.first)}{sign}{_number(abs(run.change))}x{run.length - 1}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
