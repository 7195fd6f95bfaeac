"""The table of metrics about a metro's certificates as a whole, which are always there.

They cost a few series for any number of certificates, so that the series of single
certificates can be left out.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Literal, NamedTuple

from exporter.exposition.families import SECONDS_PER_DAY, STATES, escaped, metro_labels
from exporter.judgement import PAIRS, RENEWALS, Judgement
from exporter.polling.snapshot import Key

BOUNDS: Final = (-1, 0, 1, 3, 7, 14, 21, 30, 45, 60, 90)
"""Days to expiry of the histogram's buckets: the thresholds that people alert on."""

_PIECE: Final = 8192

Row = tuple[str | int, ...]
"""One sample: its own label values, its value."""


class Fleet(NamedTuple):
    """What a metro's certificates are together; `ends` are their ends of validity, in order."""

    states: Mapping[tuple[str, str], int]
    attention: Mapping[tuple[str, str], int]
    ends: Sequence[float]


def fleet(judgement: Judgement) -> Fleet:
    """The certificates together, with a zero for every known value of the labels."""
    certificates = judgement.certificates
    states = Counter({(state, renewal): 0 for state in STATES for renewal in RENEWALS})
    states.update(
        zip(
            [c.state or "unknown" for c in certificates],
            [s.renewal for s in judgement.standings],
            strict=True,
        )
    )
    attention: Counter[tuple[str, str]] = Counter(dict.fromkeys(PAIRS, 0))
    attention.update(chain.from_iterable(judgement.attention.values()))
    # In pieces, which are quick to merge: while one sort goes on, the event loop does not.
    pieces = [
        sorted(
            [c.not_after for c in certificates[start : start + _PIECE] if c.not_after is not None]
        )
        for start in range(0, len(certificates), _PIECE)
    ]
    return Fleet(states, attention, sorted(chain.from_iterable(pieces)))


class Metro(NamedTuple):
    """One metro at a Unix time; `omitted` counts the certificates without series, by reason."""

    key: Key
    fleet: Fleet
    omitted: Mapping[str, int]
    now: float


class Aggregate(NamedTuple):
    """One metric family about metros; `rows` computes a metro's samples.

    `sample` is the name of its samples where it is not that of the family. Text format 0.0.4 has
    no type for distributions that are not counters, and its histograms hold their count.
    """

    name: str
    kind: Literal["gauge", "gaugehistogram"]
    help: str
    rows: Callable[[Metro], Iterable[Row]]
    labels: tuple[str, ...]
    sample: str = ""
    part_of: str = ""

    def lines(self, metro: Metro) -> Iterable[str]:
        """The family's lines about a metro."""
        own = "".join(f',{label}="%s"' for label in self.labels)
        start = f"{self.sample or self.name}{{{metro_labels(metro.key)}"
        for *values, value in self.rows(metro):
            yield f"{start}{own % tuple(escaped(str(v)) for v in values)}}} {value}\n"


def _states(metro: Metro) -> Iterator[Row]:
    for (state, renewer), count in metro.fleet.states.items():
        yield state, renewer, count


def _attention(metro: Metro) -> Iterator[Row]:
    for (reason, severity), count in metro.fleet.attention.items():
        yield reason, severity, count


def _buckets(metro: Metro) -> Iterator[Row]:
    ends = metro.fleet.ends
    for bound in BOUNDS:
        yield f"{bound:.1f}", bisect_right(ends, metro.now + bound * SECONDS_PER_DAY)
    yield "+Inf", len(ends)


def _count(metro: Metro) -> Iterator[Row]:
    yield (len(metro.fleet.ends),)


def _omitted(metro: Metro) -> Iterator[Row]:
    yield from metro.omitted.items()


AGGREGATES: Final = (
    Aggregate(
        "ukc_certificates",
        "gauge",
        "Number of certificates by state and renewal, including those without "
        "per-certificate series.",
        _states,
        ("state", "renewal"),
    ),
    Aggregate(
        "ukc_certificates_attention",
        "gauge",
        "Number of certificates that need attention, by reason and severity, including those "
        "without per-certificate series.",
        _attention,
        ("reason", "severity"),
    ),
    Aggregate(
        "ukc_certificates_expiry_days",
        "gaugehistogram",
        "Number of issued certificates by days to expiry at render time.",
        _buckets,
        ("le",),
        sample="ukc_certificates_expiry_days_bucket",
    ),
    Aggregate(
        "ukc_certificates_expiry_days_count",
        "gauge",
        "Number of issued certificates.",
        _count,
        (),
        part_of="ukc_certificates_expiry_days",
    ),
    Aggregate(
        "ukc_certificates_omitted",
        "gauge",
        "Number of certificates without per-certificate series, by the setting that "
        "leaves them out.",
        _omitted,
        ("reason",),
    ),
)
