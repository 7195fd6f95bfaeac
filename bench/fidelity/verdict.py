"""Alerts held against the truth: false, missed, announced how early, and overlapping."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from typing import NamedTuple

from bench.fidelity.alerts import FIXED, Firing
from bench.fidelity.exporter import STEP
from bench.fidelity.lifecycles import Lifecycle
from bench.fidelity.recording import Moment, Recording
from bench.fidelity.truth import Judged, Need, Twins, judged

EXPIRY = (
    "UKCCertificateExpired",
    "UKCCertificateExpiryImminent",
    "UKCCertificateRenewalOverdue",
    "UKCCertificateExpiringSoon",
)
LAG = 3
"""Steps by which an alert may be late in ending: a failed scrape, and the one after it."""


class Score(NamedTuple):
    """What one set of rules did about one certificate, or about many of them.

    `leads` are the seconds from the first alert to the service being down by expiry;
    `findings` says what was wrong, for a person.
    """

    pages: int = 0
    false: int = 0
    missed: int = 0
    overlapping: int = 0
    impacts: int = 0
    leads: tuple[float, ...] = ()
    findings: tuple[str, ...] = ()

    def __add__(self, other: object) -> "Score":
        if not isinstance(other, Score):
            return NotImplemented
        return Score(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[operator]


def scores(
    recording: Recording,
    stories: Sequence[Lifecycle],
    firings: Iterable[Firing],
    *,
    fixed: bool,
    blind: AbstractSet[int] = frozenset(),
    shards: int = 1,
) -> dict[str, Score]:
    """The score of each kind of lifecycle: of the shipped rules, or of the fixed-day pair.

    At the steps of `blind` a deletion cannot be told from a shard that is away.
    While a critical alert says that nobody watches, nothing else need be said.
    """
    kinds = {story.domain: story.kind for story in stories}
    pages = defaultdict(list)
    firings = list(firings)
    unwatched = frozenset(_steps(f for f in firings if f.alert == "UKCExporterDown"))
    for firing in firings:
        if firing.name and firing.severity != "info" and (firing.alert in FIXED) == fixed:
            pages[firing.metro, firing.name].append(firing)
    by_metro: dict[str, list[list[Moment]]] = defaultdict(list)
    for (metro, _), moments in recording.truth.items():
        by_metro[metro].append(moments)
    twins = {metro: Twins(moments, shards) for metro, moments in by_metro.items()}
    total: dict[str, Score] = defaultdict(Score)
    for key, moments in recording.truth.items():
        truth = tuple(judged(moments, twins[key[0]], recording.steps))
        kind = _kind(kinds, truth[0].certificate.common_name) if truth else "gone"
        total[kind] += score(key[1], truth, pages[key], blind, unwatched)
    return total


def _kind(kinds: Mapping[str, str], common_name: str) -> str:
    """The kind of the story whose domain the name is or is under."""
    domain = common_name
    while domain not in kinds:
        _, dot, domain = domain.partition(".")
        assert dot, f"no story is about {common_name}"
    return kinds[domain]


def score(
    name: str,
    truth: Sequence[Judged],
    pages: Sequence[Firing],
    blind: AbstractSet[int] = frozenset(),
    unwatched: AbstractSet[int] = frozenset(),
) -> Score:
    """One certificate."""
    found = [*_false(name, truth, pages, blind)], [*_missed(name, truth, pages, unwatched)]
    impacts, leads = _impacts(truth, pages)
    return Score(
        pages=len(pages),
        false=len(found[0]),
        missed=len(found[1]) + impacts - len(leads),
        overlapping=_overlapping(pages),
        impacts=impacts,
        leads=leads,
        findings=(*found[0], *found[1]),
    )


def _false(
    name: str, truth: Sequence[Judged], pages: Sequence[Firing], blind: AbstractSet[int]
) -> Iterable[str]:
    """Pages that began without a need, or that outlived it when nobody was away."""
    needed = {one.step for one in truth if one.needs}
    # Deleted, or replaced by another certificate of its name.
    gone = {
        one.step
        for one, following in zip_longest(truth, truth[1:])
        if following is None or following.certificate.uuid != one.certificate.uuid
    }
    for page in pages:
        begin = range(page.begin - LAG, page.begin + 1)
        if not needed.intersection(begin):
            yield f"false: {name} {page.alert} {page.severity} at {_when(page.begin)}"
            continue
        last = max(step for step in needed if step <= page.end)
        unseen = blind if last in gone else frozenset[int]()
        if sum(step not in unseen for step in range(last, page.end)) > LAG:
            yield f"outlived: {name} {page.alert} from {_when(last)} to {_when(page.end)}"


def _missed(
    name: str, truth: Sequence[Judged], pages: Sequence[Firing], unwatched: AbstractSet[int]
) -> Iterable[str]:
    """Needs that were due, and nothing said so; services down without a critical alert."""
    checks = (
        ("missed", pages, _is_due),
        ("down, not critical", [p for p in pages if p.severity == "critical"], _is_down),
    )
    for what, counted, wanted in checks:
        said = _steps(counted) | unwatched
        run = 0
        for one in truth:
            due = [need.reason for need in one.needs if wanted(need, one.step * STEP)]
            run = run + 1 if due and one.step not in said else 0
            if run == LAG:
                yield f"{what}: {name} {due[0]} at {_when(one.step)}"


def _steps(pages: Iterable[Firing]) -> set[int]:
    return {step for page in pages for step in range(page.begin, page.end)}


def _is_due(need: Need, now: float) -> bool:
    return now >= need.due


def _is_down(need: Need, now: float) -> bool:
    return need.down and now >= need.due


def _impacts(truth: Sequence[Judged], pages: Sequence[Firing]) -> tuple[int, tuple[float, ...]]:
    """How often a certificate in use expired, and how early that was announced."""
    paged = _steps(pages)
    impacts, leads, before = 0, [], False
    for one in truth:
        down = any(need.reason == "expired" and need.down for need in one.needs)
        if down and not before and one is not truth[0]:
            impacts += 1
            begin = one.step
            while begin - 1 in paged or begin - 2 in paged:
                begin -= 1
            if begin < one.step:
                leads.append(float((one.step - begin) * STEP))
        before = down
    return impacts, tuple(leads)


def _overlapping(pages: Sequence[Firing]) -> int:
    """Steps at which two alerts about the expiry of one certificate fire."""
    count: dict[int, int] = defaultdict(int)
    for page in pages:
        if page.alert in EXPIRY or page.alert in FIXED:
            for step in range(page.begin, page.end):
                count[step] += 1
    return sum(1 for firing in count.values() if firing > 1)


def _when(step: int) -> str:
    return f"{step * STEP / 86_400:.2f} d"
