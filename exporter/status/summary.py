"""The one sentence: is anything wrong, and how badly."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from exporter.judgement import Severity
from exporter.status.model import MetroStatus
from exporter.status.words import count, since, span

_MOST_NAMED: Final = 3


def summary(
    metros: Sequence[MetroStatus],
    leading: Mapping[tuple[str, Severity], int],
    seconds_left: float | None,
) -> str:
    """How the metros were read, and what of their certificates needs attention.

    `leading` counts certificates by the most severe reason of each; `seconds_left` is until the
    next one in use expires, of those that are critical, where that is known.
    """
    total = sum(metro.certificates for metro in metros)
    if not total:
        return f"{_read(metros)} No certificate is known.".strip()
    attended = _attended(leading, seconds_left)
    return f"{_read(metros)} {attended or _all(total, metros)}".strip()


def _read(metros: Sequence[MetroStatus]) -> str:
    failed = [metro for metro in metros if metro.up is False]
    ages = [
        metro.seconds_since_read
        for metro in metros
        if metro.up and metro.seconds_since_read is not None
    ]
    waiting = len(metros) - len(failed) - len(ages)
    parts = []
    if ages:
        parts.append(f"{count(len(ages), 'metro')} read {since(max(ages))}")
    if failed:
        names = [f"{m.metro} ({m.failure.reason})" for m in failed if m.failure]
        several = _and(names) if len(names) <= _MOST_NAMED else count(len(failed), "metro")
        parts.append(f"{several} cannot be read")
    if waiting:
        verb = "is" if waiting == 1 else "are"
        parts.append(f"{count(waiting, 'metro')} {verb} not read yet")
    return "; ".join(parts) + "." if parts else ""


def _and(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _attended(leading: Mapping[tuple[str, Severity], int], seconds_left: float | None) -> str:
    """What needs attention; empty where nothing does."""
    critical = list(_critical(leading, seconds_left))
    warnings = sum(n for (_, severity), n in leading.items() if severity == "warning")
    unused = sum(n for (_, severity), n in leading.items() if severity == "info")
    parts = [_joined(critical)] if critical else []
    need = _verb(warnings, "needs", "need")
    if warnings and critical:
        parts.append(f"{warnings:,} more {need} attention.")
    elif warnings:
        parts.append(f"{count(warnings, 'certificate')} {need} attention, none urgently.")
    if unused and parts:
        parts.append(f"{unused:,} {_verb(unused, 'is', 'are')} unused.")
    elif unused:
        verb = _verb(unused, "is", "are")
        parts.append(f"{count(unused, 'certificate')} {verb} unused, the others are healthy.")
    return " ".join(parts)


def _critical(
    leading: Mapping[tuple[str, Severity], int], seconds_left: float | None
) -> Iterator[tuple[int, str]]:
    """How many are critical and why, as a number and a predicate."""

    def number(reason: str) -> int:
        return leading.get((reason, "critical"), 0)

    if n := number("expired"):
        yield n, f"{_verb(n, 'has', 'have')} expired"
    if n := number("imminent"):
        left = "soon" if seconds_left is None else f"in {span(seconds_left)}"
        several = "expire soon" if seconds_left is None else f"expire soon (the first {left})"
        yield n, f"expires {left}" if n == 1 else several
    if n := number("failed"):
        yield n, "could not be issued or renewed"
    if n := number("never_issued"):
        yield n, f"{_verb(n, 'was', 'were')} never issued"


def _joined(parts: Sequence[tuple[int, str]]) -> str:
    """`2 certificates in use have expired, 1 expires in 19 h.`"""
    (first, predicate), *others = parts
    start = f"{count(first, 'certificate')} in use {predicate}"
    return ", ".join((start, *(f"{n:,} {predicate}" for n, predicate in others))) + "."


def _all(total: int, metros: Sequence[MetroStatus]) -> str:
    known = "" if all(m.read_at and not m.dropped for m in metros) else "known "
    if total == 1:
        return f"The only {known}certificate is healthy."
    return f"All {total:,} {known}certificates are healthy."


def _verb(number: int, one: str, several: str) -> str:
    return one if number == 1 else several
