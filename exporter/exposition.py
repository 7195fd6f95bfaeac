"""Snapshots and the table of families as the bytes of a page, rendered once per poll.

Text format 0.0.4 and OpenMetrics 1.0 write the same samples of gauges and infos; only the lines
that describe a family differ. So samples are rendered once and serve both.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.deflate import Segment, Stream, deflate, join
from exporter.families import FAMILIES, IDENTITY, Family
from exporter.model import Certificate
from exporter.snapshot import Key, MetroSnapshot

_CERTIFICATES_AT_ONCE: Final = 2000
_SPECIAL: Final = re.compile(r'[\\"\n]')
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}


def escaped(value: str) -> str:
    """A label value as both formats write it between its quotes.

    Source: Prometheus, "Exposition formats", and OpenMetrics 1.0, "Escaping".
    """
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)


def number(value: float) -> str:
    """A sample value; whole numbers without a point or an exponent."""
    return str(int(value)) if value == int(value) else repr(value)


def header(family: Family, *, openmetrics: bool) -> str:
    """The lines that describe a family.

    OpenMetrics has an info type whose family is named without the suffix of its samples.
    """
    if openmetrics:
        name, kind = family.name.removesuffix("_info"), family.kind
    else:
        name, kind = family.name, "gauge"
    return f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n"


class MetroPage(NamedTuple):
    """One metro's samples, a segment for each family of the table, in its order."""

    snapshot: MetroSnapshot
    segments: tuple[Segment, ...]


def render(snapshot: MetroSnapshot, previous: MetroPage | None, *, now: float) -> MetroPage:
    """The metro's samples at `now` (Unix time).

    Pure, and meant for a thread: it takes time in proportion to the number of certificates.
    Where the previous page shows the same certificates, only the timed families are rendered.
    """
    same = previous is not None and previous.snapshot.certificates is snapshot.certificates
    segments: list[Segment] = []
    identities = list(_identities(snapshot))
    for position, family in enumerate(FAMILIES):
        if previous is not None and same and not family.timed:
            segments.append(previous.segments[position])
        else:
            lines = _lines(family, snapshot.certificates, identities, now)
            segments.append(deflate(lines))
    return MetroPage(snapshot, tuple(segments))


def _identities(snapshot: MetroSnapshot) -> Iterator[str]:
    account, metro, name, common_name = IDENTITY
    metro_labels = (
        f'{account}="{escaped(snapshot.key.account)}",{metro}="{escaped(snapshot.key.metro)}"'
    )
    for c in snapshot.certificates:
        yield (
            f'{metro_labels},{name}="{escaped(c.name)}",{common_name}="{escaped(c.common_name)}"'
        )


def _lines(
    family: Family, certificates: Sequence[Certificate], identities: Sequence[str], now: float
) -> Iterator[str]:
    """The family's lines, some thousand certificates at a time."""
    prefixes = [f',{label}="' for label in family.labels]
    for start in range(0, len(certificates), _CERTIFICATES_AT_ONCE):
        stop = start + _CERTIFICATES_AT_ONCE
        lines: list[str] = []
        for c, identity in zip(certificates[start:stop], identities[start:stop], strict=True):
            for labels, value in family.samples(c, now):
                own = "".join([f'{p}{escaped(v)}"' for p, v in zip(prefixes, labels, strict=True)])
                lines.append(f"{family.name}{{{identity}{own}}} {number(value)}\n")
        yield "".join(lines)


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
            openmetrics: [deflate([header(f, openmetrics=openmetrics)]) for f in FAMILIES]
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
            yield page.segments[position]
