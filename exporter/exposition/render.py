"""Snapshots and the tables of families as the bytes of a page, rendered once per poll.

Text format 0.0.4 and OpenMetrics 1.0 write the same samples of gauges and infos; only the lines
that describe a family differ. So samples are rendered once and serve both.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.api.model import Certificate
from exporter.config import Selection
from exporter.exposition.aggregates import AGGREGATES, Aggregate, Fleet, Metro, fleet
from exporter.exposition.deflate import EMPTY, Segment, deflate, gathered, join
from exporter.exposition.digest import Digest, digest
from exporter.exposition.families import FAMILIES, Block, Family, metro_labels
from exporter.exposition.selection import shown
from exporter.exposition.units import with_units
from exporter.judgement import Judgement, Policy, Standing, judge
from exporter.loop import Steps, whole
from exporter.polling.snapshot import Key, MetroSnapshot

CHUNK: Final = 1024
"""Certificates that are rendered, compressed and kept together."""

_EVERYTHING: Final = Selection()
_TABLE: Final[tuple[Family | Aggregate, ...]] = (*FAMILIES, *AGGREGATES)
_FORMATS: Final = (False, True)
"""Text format 0.0.4, OpenMetrics."""


def header(family: Family | Aggregate, *, openmetrics: bool) -> str:
    """The lines that describe a family.

    OpenMetrics has an info type whose family is named without the suffix of its samples, and a
    type for distributions that go up and down. Text format 0.0.4 has neither.
    """
    name, kind = family.name, str(family.kind)
    if openmetrics:
        name = name.removesuffix("_info")
    elif isinstance(family, Aggregate) and family.part_of:
        return ""
    else:
        kind = {"gaugehistogram": "histogram"}.get(kind, "gauge")
    described = f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n"
    return with_units(described) if openmetrics else described


class Chunk(NamedTuple):
    """Neighbouring certificates and their samples of each family; of a timed one, none."""

    certificates: Sequence[Certificate]
    standings: Sequence[Standing]
    segments: tuple[Segment, ...]


class MetroPage(NamedTuple):
    """One metro's samples: a segment for each family of both tables, in their order."""

    snapshot: MetroSnapshot
    segments: tuple[Segment, ...]
    chunks: tuple[Chunk, ...]
    judgement: Judgement
    fleet: Fleet
    omitted: Mapping[str, int]
    digest: Digest


def render_in_steps(
    snapshot: MetroSnapshot,
    previous: MetroPage | None,
    *,
    now: float,
    selection: Selection = _EVERYTHING,
    policy: Policy = Policy(),
) -> Steps[MetroPage]:
    """The metro's samples at `now` (Unix time), judged by `policy`.

    Pure, and meant for a thread: it takes time in proportion to the number of certificates.
    A chunk whose certificates are those of the previous page in the same place keeps its samples.
    """
    before = previous.judgement if previous else None
    judgement = judge(snapshot.certificates, now, policy=policy, before=before)
    if len(judgement.certificates) > CHUNK:
        yield
    same = previous if judgement is before else None
    together = same.fleet if same else fleet(judgement)
    short = digest(snapshot, judgement, before=same.digest if same else None)
    chosen = shown(judgement, selection, filtered=snapshot.filtered)
    samples, chunks = yield from _samples(snapshot.key, chosen.judgement, previous, now)
    metro = Metro(snapshot.key, together, chosen.omitted, now)
    totals = (deflate(a.lines(metro)) for a in AGGREGATES)
    return MetroPage(
        snapshot, (*samples, *totals), chunks, judgement, together, chosen.omitted, short
    )


render: Final = whole(render_in_steps)
"""The same, all at once."""


def _samples(
    key: Key, judgement: Judgement, previous: MetroPage | None, now: float
) -> Steps[tuple[list[Segment], tuple[Chunk, ...]]]:
    kept = previous.chunks if previous else ()
    chunks: list[Chunk] = []
    written: list[list[Segment]] = []
    for place, block in enumerate(_blocks(key, judgement)):
        if place:
            yield
        before = kept[place] if place < len(kept) else None
        same = before is not None and (before.certificates, before.standings) == (
            block.certificates,
            block.standings,
        )
        segments = [
            before.segments[position]
            if before and same and not family.timed
            else deflate([family.lines(block, now)])
            for position, family in enumerate(FAMILIES)
        ]
        untimed = (EMPTY if f.timed else s for f, s in zip(FAMILIES, segments, strict=True))
        chunks.append(Chunk(block.certificates, block.standings, tuple(untimed)))
        written.append(segments)
    families = zip(*written, strict=True) if written else ((),) * len(FAMILIES)
    return [gathered(join(segments)) for segments in families], tuple(chunks)


def _blocks(key: Key, judgement: Judgement) -> Iterator[Block]:
    labels, certificates = metro_labels(key), judgement.certificates
    attention = sorted(judgement.attention.items())
    for start in range(0, len(certificates), CHUNK):
        stop = start + CHUNK
        first, last = (bisect_left(attention, (edge,)) for edge in (start, stop))
        within = [(place - start, reasons) for place, reasons in attention[first:last]]
        yield Block(labels, certificates[start:stop], judgement.standings[start:stop], within)


class Exposition:
    """The page that is served: the newest rendering of each metro, joined family by family.

    After `stale_after` seconds without a complete look a metro's certificates are withdrawn.
    `clock` is that of `MetroSnapshot.read_at`: it only goes forward, whatever Unix time does.
    """

    def __init__(self, *, stale_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stale_after = stale_after
        self._clock = clock
        self._metros: Mapping[Key, MetroPage] = {}
        self._groups = {openmetrics: _groups(openmetrics=openmetrics) for openmetrics in _FORMATS}
        self._joined: dict[bool, Segment] = {}
        self._valid_until = 0.0

    def rendered(self, key: Key) -> MetroPage | None:
        """The metro's newest rendering."""
        return self._metros.get(key)

    def publish(self, page: MetroPage) -> None:
        """Replace the metro's rendering; readers see the old page or the new one."""
        self._metros = {**self._metros, page.snapshot.key: page}
        self._joined = {}

    def forget(self, key: Key) -> None:
        """Show nothing of a metro any more."""
        self._metros = {k: page for k, page in self._metros.items() if k != key}
        self._joined = {}

    def withdraw_after(self, seconds: float) -> None:
        """Another `stale_after` from now on."""
        self._stale_after = seconds
        self._joined = {}

    def stream(self, *, openmetrics: bool, tail: bytes) -> Segment:
        """The page now, ended by `tail`, which the caller renders at scrape time."""
        now = self._clock()
        if openmetrics not in self._joined or now >= self._valid_until:
            self._join(now)
        return join([self._joined[openmetrics], deflate([tail.decode()])])

    def _join(self, now: float) -> None:
        ends = {key: p.snapshot.read_at + self._stale_after for key, p in self._metros.items()}
        shown = [p for key, p in sorted(self._metros.items()) if now < ends[key]]
        self._valid_until = min((end for end in ends.values() if now < end), default=float("inf"))
        self._joined = {
            openmetrics: join(_by_family(groups, shown))
            for openmetrics, groups in self._groups.items()
        }


class _Group(NamedTuple):
    """What describes a family, and the places of its samples in the table."""

    header: Segment
    places: tuple[int, ...]


def _groups(*, openmetrics: bool) -> Sequence[_Group]:
    """The families of a format; one that is only a part there stands in its whole's group.

    Prometheus makes one native histogram of classic series that follow one another.
    """
    groups: list[_Group] = []
    for place, family in enumerate(_TABLE):
        described = header(family, openmetrics=openmetrics)
        if described:
            groups.append(_Group(deflate([described]), (place,)))
        else:
            groups[-1] = groups[-1]._replace(places=(*groups[-1].places, place))
    return groups


def _by_family(groups: Iterable[_Group], pages: Sequence[MetroPage]) -> Iterator[Segment]:
    for described, places in groups:
        yield described
        for page in pages:
            yield from map(page.segments.__getitem__, places)
