"""Which certificates have series of their own: what the operator asked for, applied."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from exporter.api.model import Certificate
from exporter.config import Selection

REASONS: Final = ("filter", "series", "max_certificates")
"""The settings that leave certificates out, as values of the label `reason`."""


class Shown(NamedTuple):
    """The certificates with series of their own, and how many have none, by reason."""

    certificates: tuple[Certificate, ...]
    omitted: Mapping[str, int]


def wanted(selection: Selection) -> Callable[[Certificate], bool] | None:
    """Whether `include` and `exclude` let a certificate pass; None where all pass."""
    include, exclude = selection.include, selection.exclude
    if include is None and exclude is None:
        return None

    def passes(c: Certificate) -> bool:
        if include and not (include.fullmatch(c.name) or include.fullmatch(c.common_name)):
            return False
        return not (exclude and (exclude.fullmatch(c.name) or exclude.fullmatch(c.common_name)))

    return passes


def plainly_healthy(c: Certificate, now: float) -> bool:
    """Whether no alert can fire on a certificate, now or before it is looked at again.

    The platform issued it and renews it, it is valid already and in use, no validation runs, and
    more than a third of its lifetime is left: a renewal is not even due.
    Whatever a person renews may expire, or differ between metros, and is never plainly healthy.
    """
    return (
        c.state == "valid"
        and c.not_after is not None
        and c.not_before is not None
        and c.not_before <= now < c.not_after - (c.not_after - c.not_before) / 3
        and not c.attempts
        and bool(c.service_groups)
        and c.renewal == "automatic"
    )


def shown(
    certificates: tuple[Certificate, ...], selection: Selection, *, filtered: int, now: float
) -> Shown:
    """The certificates to show at `now` (Unix time), `filtered` having been left out already.

    Where there are too many, those that need attention stay, what expires first before others.
    """
    chosen = _chosen(certificates, selection, now)
    kept = chosen
    most = selection.max_certificates
    if most is not None and len(chosen) > most:
        kept = _first(chosen, most, now)
    counts = (filtered, len(certificates) - len(chosen), len(chosen) - len(kept))
    return Shown(kept, dict(zip(REASONS, counts, strict=True)))


def _first(certificates: tuple[Certificate, ...], most: int, now: float) -> tuple[Certificate, ...]:
    """So many of them, those of one common name together, for rules look at both.

    Names that need attention come first, and of these what was never issued or expires soonest.
    The others stay in the order of the API: who is shown does not change with each renewal.
    """
    soonest: dict[str, float] = {}
    for c in certificates:
        if not plainly_healthy(c, now):
            end = c.not_after or 0.0
            soonest[c.common_name] = min(end, soonest.get(c.common_name, end))

    def place(c: Certificate) -> tuple[bool, float, str]:
        end = soonest.get(c.common_name)
        return (True, 0.0, "") if end is None else (False, end, c.common_name)

    return tuple(sorted(certificates, key=place)[:most])


def _chosen(
    certificates: tuple[Certificate, ...], selection: Selection, now: float
) -> tuple[Certificate, ...]:
    if selection.series == "none":
        return ()
    if selection.series == "all":
        return certificates
    # Rules tell a left-over from a gap by its twin: the whole common name is shown, or nothing.
    names = {c.common_name for c in certificates if not plainly_healthy(c, now)}
    return tuple(c for c in certificates if c.common_name in names)
