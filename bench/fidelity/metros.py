"""What the alerts about metros, exporters and drift should have said, and what they said."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from bench.fidelity.alerts import Firing
from bench.fidelity.exporter import STEP
from bench.fidelity.lifecycles import Lifecycle
from bench.fidelity.recording import Absence, Moment, Outage, Recording
from bench.fidelity.truth import Twins, at
from bench.fidelity.verdict import LAG, Score
from exporter.simulator.faults.faults import Kind

NAMED: dict[Kind, str] = {
    "unauthorized": "UKCUnauthorized",
    "forbidden": "UKCUnauthorized",
    "rate-limited": "UKCRateLimited",
    "wrong-types": "UKCCertificatesSkipped",
}
"""Which alert names a fault; every other one that makes polls fail is UKCMetroUnreachable."""

HARMLESS: tuple[Kind, ...] = ("latency",)
BESIDE = ("UKCDataStale", "UKCCertificatesSkipped")
"""What may stand beside the alert that names the fault; Alertmanager mutes it."""

_DAY = 86_400


def outage_scores(outages: Sequence[Outage], firings: Iterable[Firing]) -> dict[str, Score]:
    """The score of each outage, and under `no outage` of whatever fired about other metros."""
    by_metro = defaultdict(list)
    for firing in firings:
        if not firing.name and firing.alert not in ("UKCCertificateDrift", "UKCExporterDown"):
            by_metro[firing.metro].append(firing)
    total = {f"API: {o.fault.kind}": _outage_score(o, by_metro.pop(o.metro, [])) for o in outages}
    strays = tuple(f"false: {f.alert} {f.metro}" for found in by_metro.values() for f in found)
    return {**total, "no outage": Score(len(strays), len(strays), findings=strays)}


def _outage_score(outage: Outage, pages: Sequence[Firing]) -> Score:
    wanted = NAMED.get(outage.fault.kind, "UKCMetroUnreachable")
    begin, end = int(outage.begin // STEP), int(outage.end // STEP)
    harmless = outage.fault.kind in HARMLESS
    false = [
        f"false: {page.alert} in {outage.metro} ({outage.fault.kind})"
        for page in pages
        if harmless
        or page.alert not in (wanted, *BESIDE)
        or not begin <= page.begin <= page.end <= end + LAG
    ]
    standing = {s for p in pages if p.alert == wanted for s in range(p.begin, p.end)}
    due = range(begin + 600 // STEP + LAG, end)
    silent = not harmless and [step for step in due if step not in standing]
    missed = [f"missed: {wanted} in {outage.metro} ({outage.fault.kind})"] if silent else []
    return Score(len(pages), len(false), len(missed), findings=(*false, *missed))


def absence_score(absences: Sequence[Absence], firings: Iterable[Firing]) -> Score:
    """Whether a page said that a shard was away, and only then."""
    pages = [firing for firing in firings if firing.alert == "UKCExporterDown"]
    spans = [(int(a.begin // STEP), int(a.end // STEP)) for a in absences]
    false = [
        f"false: UKCExporterDown at step {page.begin}"
        for page in pages
        if not any(begin <= page.begin <= page.end <= end + LAG for begin, end in spans)
    ]
    missed = [
        f"missed: shard {absence.shard} away"
        for absence, (begin, end) in zip(absences, spans, strict=True)
        if not any(begin <= page.begin <= end for page in pages)
    ]
    return Score(len(pages), len(false), len(missed), findings=(*false, *missed))


def drift_score(
    recording: Recording, stories: Sequence[Lifecycle], firings: Iterable[Firing]
) -> Score:
    """Whether metros that serve different uploads were told apart, and only those."""
    pages = [firing for firing in firings if firing.alert == "UKCCertificateDrift"]
    drifting = {f"*.{s.domain}": set[int]() for s in stories if _in_several_metros(s)}
    metros: dict[str, list[list[Moment]]] = defaultdict(list)
    for (metro, _), moments in recording.truth.items():
        metros[metro].append(moments)
    twins = {metro: Twins(moments) for metro, moments in metros.items()}
    for common_name, steps in drifting.items():
        run = 0
        for step in range(recording.steps):
            ends = {
                _earliest(moments, twins[metro], common_name, step)
                for metro, moments in metros.items()
            } - {None}
            run = run + 1 if len(ends) > 1 else 0
            if run > _DAY // STEP:
                steps.add(step)
    findings = [
        f"false: drift of {page.common_name}"
        for page in pages
        if not drifting.get(page.common_name, set()) & set(range(page.begin - LAG, page.end))
    ]
    for common_name, steps in drifting.items():
        said = {s for p in pages if p.common_name == common_name for s in range(p.begin, p.end)}
        if len(steps - said) > LAG:
            findings.append(f"missed: drift of {common_name}")
    false = sum(finding.startswith("false") for finding in findings)
    return Score(len(pages), false, len(findings) - false, findings=tuple(findings))


def _in_several_metros(story: Lifecycle) -> bool:
    return any(len(group.metros or ()) > 1 for group in story.groups)


def _earliest(
    metro: Sequence[Sequence[Moment]], twins: Twins, common_name: str, step: int
) -> int | None:
    """When the first certificate of a common name expires that is not a left-over."""
    found = (at(moments, step) for moments in metro)
    return min(
        (
            one.not_after
            for one in found
            if one is not None
            and one.common_name == common_name
            and one.not_after is not None
            and not twins.supersede(one, step)
        ),
        default=None,
    )
