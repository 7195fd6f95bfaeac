"""Neighbours in runs whose ends their own contents choose."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def runs(neighbours: Sequence[T], marks: Sequence[int]) -> Iterator[Sequence[T]]:
    """The neighbours in runs, each of which ends with one whose mark is 0, but for the last.

    One that comes or goes moves no run but its own, if marks are made of contents.
    """
    start = 0
    while start < len(neighbours):
        try:
            stop = marks.index(0, start) + 1
        except ValueError:
            stop = len(neighbours)
        yield neighbours[start:stop]
        start = stop
