"""Snapshots and the tables of families as the bytes of a page, rendered once per poll.

Text format 0.0.4 and OpenMetrics 1.0 write the same samples of gauges and infos; only the lines
that describe a family differ. So samples are rendered once and serve both.
"""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, ne
from typing import Final, NamedTuple

from exporter.api.model import Certificate
from exporter.api.runs import runs
from exporter.config import Selection
from exporter.exposition.aggregates import AGGREGATES, Aggregate, Fleet, Metro, fleet
from exporter.exposition.deflate import NOTHING, Part, Segment, Stream, concatenated, deflate, join
from exporter.exposition.families import FAMILIES, Block, Family, metro_labels
from exporter.exposition.selection import Shown, shown
from exporter.polling.snapshot import Key, MetroSnapshot

_BLOCK: Final = 1024
_EVERYTHING: Final = Selection()
_IDENTITY: Final = ("name", "common_name")
_TABLE: Final = (*FAMILIES, *AGGREGATES)


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
    return f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n"


class BlockPage(NamedTuple):
    """Neighbouring certificates and their samples of each family; of a timed one, none."""

    certificates: Sequence[Certificate]
    parts: list[Part]


class MetroPage(NamedTuple):
    """One metro's samples: segments for each family of both tables, in their order.

    `blocks` are found by the uuid of their first certificate.
    """

    snapshot: MetroSnapshot
    segments: tuple[tuple[Segment, ...], ...]
    shown: Shown
    fleet: Fleet
    blocks: Mapping[str, BlockPage]


def render(
    snapshot: MetroSnapshot,
    previous: MetroPage | None,
    *,
    now: float,
    selection: Selection = _EVERYTHING,
) -> MetroPage:
    """The metro's samples at `now` (Unix time).

    Pure, and meant for a thread: it takes time in proportion to the number of certificates.
    What the previous page shows and what did not change since is not rendered again.
    """
    chosen = shown(snapshot.certificates, selection, filtered=snapshot.filtered, now=now)
    if previous and previous.snapshot.certificates is snapshot.certificates:
        together = previous.fleet
    else:
        together = fleet(snapshot.certificates)
    segments, blocks = _samples(snapshot.key, chosen.certificates, previous, now)
    metro = Metro(snapshot.key, together, chosen.omitted, now)
    totals = ((deflate(a.lines(metro)),) for a in AGGREGATES)
    return MetroPage(snapshot, (*segments, *totals), chosen, together, blocks)


def _samples(
    key: Key, certificates: tuple[Certificate, ...], previous: MetroPage | None, now: float
) -> tuple[list[tuple[Segment, ...]], Mapping[str, BlockPage]]:
    known = previous.blocks if previous else {}
    unchanged = previous is not None and previous.shown.certificates == certificates
    marks = [hash(c.uuid) % _BLOCK for c in certificates]
    blocks = [
        _block(Block(metro_labels(key), neighbours), known.get(neighbours[0].uuid), now)
        for neighbours in runs(certificates, marks)
    ]
    segments: list[tuple[Segment, ...]] = []
    for position, family in enumerate(FAMILIES):
        if previous and unchanged and not family.timed:
            segments.append(previous.segments[position])
            continue
        whole, parts = concatenated([block.parts[position] for block in blocks])
        segments.append(whole)
        for block, part in zip(blocks, parts, strict=True):
            # The block looks into the segment, so that nothing is kept twice.
            block.parts[position] = NOTHING if family.timed else part
    return segments, {block.certificates[0].uuid: block for block in blocks}


def _block(block: Block, before: BlockPage | None, now: float) -> BlockPage:
    """The block's samples; of a family that shows nothing new, those that were there before."""
    differ = _differing(before.certificates if before else (), block.certificates)
    moved = any(map(differ, _IDENTITY))
    parts = [
        deflate([family.lines(block, now)]).part()
        if before is None or family.timed or moved or any(map(differ, family.reads))
        else before.parts[position]
        for position, family in enumerate(FAMILIES)
    ]
    return BlockPage(block.certificates, parts)


def _differing(
    before: Sequence[Certificate], after: Sequence[Certificate]
) -> Callable[[str], bool]:
    """Tells of a field whether that of any certificate is not what it was in its place."""
    if before == after:
        return lambda _: False
    if len(before) != len(after):
        return lambda _: True

    @functools.cache
    def differ(field: str) -> bool:
        get = attrgetter(field)
        return any(map(ne, map(get, before), map(get, after)))

    return differ


def let_go(held: list[MetroPage]) -> None:
    """Free the only page of `held`, which nobody else may hold, a piece at a time.

    Freed at once, a hundred thousand certificates keep every other thread from running.
    """
    certificates = list(held.pop().snapshot.certificates)
    for _ in range(0, len(certificates), _BLOCK):
        del certificates[-_BLOCK:]


class Exposition:
    """The page that is served: the newest rendering of each metro, joined family by family.

    After `stale_after` seconds without a complete look a metro's certificates are withdrawn.
    `clock` gives Unix time.
    """

    def __init__(self, *, stale_after: float, clock: Callable[[], float] = time.time) -> None:
        self._stale_after = stale_after
        self._clock = clock
        self._metros: Mapping[Key, MetroPage] = {}
        self._headers = {
            openmetrics: [deflate([header(f, openmetrics=openmetrics)]) for f in _TABLE]
            for openmetrics in (False, True)
        }
        self._joined: dict[bool, Stream] = {}
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

    def stream(self, *, openmetrics: bool, tail: bytes) -> Stream:
        """The page now, ended by `tail`, which the caller renders at scrape time."""
        now = self._clock()
        if openmetrics not in self._joined or now >= self._valid_until:
            self._join(now)
        return join([deflate([tail.decode()])], before=self._joined[openmetrics])

    def _join(self, now: float) -> None:
        ends = {key: p.snapshot.taken_at + self._stale_after for key, p in self._metros.items()}
        shown = [p for key, p in sorted(self._metros.items()) if now < ends[key]]
        self._valid_until = min((end for end in ends.values() if now < end), default=float("inf"))
        self._joined = {
            openmetrics: join(_by_family(headers, shown))
            for openmetrics, headers in self._headers.items()
        }


def _by_family(headers: Iterable[Segment], pages: Sequence[MetroPage]) -> Iterator[Segment]:
    for position, described in enumerate(headers):
        yield described
        for page in pages:
            yield from page.segments[position]
