"""Which certificates have series of their own: what the operator asked for, applied."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.api.model import Certificate
from exporter.config import Selection
from exporter.judgement import COLOURS, Judgement

REASONS: Final = ("filter", "series", "max_certificates")
"""The settings that leave certificates out, as values of the label `reason`."""


class Shown(NamedTuple):
    """The certificates with series of their own, judged, and how many have none, by reason."""

    judgement: Judgement
    omitted: Mapping[str, int]


def passing(selection: Selection) -> Callable[[Certificate], bool] | None:
    """Whether `include` and `exclude` let a certificate pass; None where all pass."""
    include, exclude = selection.include, selection.exclude
    if include is None and exclude is None:
        return None

    def passes(c: Certificate) -> bool:
        if include and not (include.fullmatch(c.name) or include.fullmatch(c.common_name)):
            return False
        return not (exclude and (exclude.fullmatch(c.name) or exclude.fullmatch(c.common_name)))

    return passes


def shown(judgement: Judgement, selection: Selection, *, filtered: int) -> Shown:
    """The certificates of a metro to show, `filtered` having been left out already.

    Where there are too many, those that need attention stay, the most severe first.
    """
    everyone = len(judgement.certificates)
    chosen = _chosen(judgement, selection)
    kept = chosen
    most = selection.max_certificates
    if most is not None and len(chosen) > most:
        kept = _first(judgement, chosen, most)
    counts = (filtered, everyone - len(chosen), len(chosen) - len(kept))
    return Shown(_only(judgement, kept), dict(zip(REASONS, counts, strict=True)))


def _only(judgement: Judgement, places: Sequence[int]) -> Judgement:
    """The judgement of the certificates in these places, in this order."""
    if len(places) == len(judgement.certificates):
        return judgement
    return judgement._replace(
        certificates=tuple(judgement.certificates[place] for place in places),
        standings=[judgement.standings[place] for place in places],
        attention={
            at: judgement.attention[place]
            for at, place in enumerate(places)
            if place in judgement.attention
        },
    )


def _first(judgement: Judgement, places: Sequence[int], most: int) -> Sequence[int]:
    """So many of the places, those of one common name together, for they are judged together.

    Names that need attention come first, the most severe before others, and of these what was never
    issued or expires soonest.
    The others stay in the order of the API: who is shown does not change with each renewal.
    """
    certificates = judgement.certificates
    urgency: dict[str, tuple[int, float]] = {}
    for place, reasons in judgement.attention.items():
        c = certificates[place]
        most_severe = min(_GRAVITY[severity] for _, severity in reasons)
        own = (most_severe, c.not_after or 0.0)
        urgency[_family(c)] = min(own, urgency.get(_family(c), own))
    nothing = (len(_GRAVITY), 0.0)

    def order(place: int) -> tuple[tuple[int, float], str]:
        name = _family(certificates[place])
        return (urgency[name], name) if name in urgency else (nothing, "")

    return sorted(sorted(places, key=order)[:most])


_GRAVITY: Final = {severity: gravity for gravity, severity in enumerate(COLOURS)}


def _family(c: Certificate) -> str:
    """What joins certificates of one domain; an empty common name joins nothing."""
    return c.common_name or f"\0{c.uuid or c.name}"


def _chosen(judgement: Judgement, selection: Selection) -> Sequence[int]:
    everyone = range(len(judgement.certificates))
    if selection.series == "none":
        return ()
    if selection.series == "all":
        return everyone
    # A superseded one is told from a gap by its twin: the whole common name is shown, or nothing.
    certificates = judgement.certificates
    names = {_family(certificates[place]) for place in judgement.attention}
    return [place for place in everyone if _family(certificates[place]) in names]
