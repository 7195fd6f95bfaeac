"""The table of metrics about a metro's certificates as a whole, which are always there.

They cost a few series for any number of certificates, so that the series of single
certificates can be left out.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Literal, NamedTuple

from exporter.api.model import Certificate, renewal
from exporter.exposition.families import SECONDS_PER_DAY, STATES, escaped, metro_labels
from exporter.polling.snapshot import Key

RENEWALS: Final = ("automatic", "manual", "unknown")
BOUNDS: Final = (-1, 0, 1, 3, 7, 14, 21, 30, 45, 60, 90)
"""Days to expiry of the histogram's buckets: the thresholds that people alert on."""

_PIECE: Final = 8192

Row = tuple[str | int, ...]
"""One sample: its own label values, its value."""


class Fleet(NamedTuple):
    """What a metro's certificates are together; `ends` are their ends of validity, in order."""

    states: Mapping[tuple[str, str], int]
    ends: Sequence[float]


def fleet(certificates: Sequence[Certificate]) -> Fleet:
    """The certificates together, with a zero for every known state and renewal."""
    states = Counter({(state, renewal): 0 for state in STATES for renewal in RENEWALS})
    # Few issuers stand for many certificates: each kind is judged once.
    columns = zip(
        [c.state for c in certificates],
        [c.issuer for c in certificates],
        [c.wildcard for c in certificates],
        strict=True,
    )
    for (state, issuer, wildcard), count in Counter(columns).items():
        states[state, renewal(issuer, wildcard)] += count
    # In pieces, which are quick to merge: while one sort goes on, the event loop does not.
    pieces = [
        sorted(
            [c.not_after for c in certificates[start : start + _PIECE] if c.not_after is not None]
        )
        for start in range(0, len(certificates), _PIECE)
    ]
    return Fleet(states, sorted(chain.from_iterable(pieces)))


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
        "Certificates by state and renewal, those without series of their own included.",
        _states,
        ("state", "renewal"),
    ),
    Aggregate(
        "ukc_certificates_expiry_days",
        "gaugehistogram",
        "Certificates by days to expiry when the page was rendered; only those that were issued.",
        _buckets,
        ("le",),
        sample="ukc_certificates_expiry_days_bucket",
    ),
    Aggregate(
        "ukc_certificates_expiry_days_count",
        "gauge",
        "Certificates that were issued.",
        _count,
        (),
        part_of="ukc_certificates_expiry_days",
    ),
    Aggregate(
        "ukc_certificates_omitted",
        "gauge",
        "Certificates that were read and have no series of their own, by the setting that says so.",
        _omitted,
        ("reason",),
    ),
)
