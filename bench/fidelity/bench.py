"""One world from recording to score."""

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from bench.fidelity.alerts import firings
from bench.fidelity.exporter import STEP
from bench.fidelity.metros import absence_score, drift_score, outage_scores
from bench.fidelity.recording import World, record
from bench.fidelity.report import Row, rows
from bench.fidelity.verdict import Score, scores


async def judge(
    world: World, duration: float, folder: Path, *, say: Callable[[str], None] = lambda _: None
) -> list[Row]:
    """Run a world for so many simulated seconds, and judge both sets of rules on it."""
    recording = await record(world, duration, say=say)
    say(f"{len(recording.series)} series of {recording.steps} steps go to promtool")
    fired = firings(recording, folder)
    ours: dict[str, Score] = defaultdict(Score)
    blind = frozenset(
        step
        for absence in world.absences
        for step in range(int(absence.begin // STEP), int(absence.end // STEP) + 1)
    )
    found = (
        scores(recording, world.stories, fired, fixed=False, blind=blind, shards=world.shards),
        outage_scores(world.outages, fired),
        {"drift": drift_score(recording, world.stories, fired)},
        {"shard away": absence_score(world.absences, fired)},
    )
    for some in found:
        for kind, score in some.items():
            ours[kind] += score
    fixed = scores(recording, world.stories, fired, fixed=True)
    counts = Counter(story.kind for story in world.stories)
    extra = {kind: 0 for kind, s in ours.items() if kind not in counts and (s.pages or s.missed)}
    return list(rows(Counter({**counts, **extra}), ours, fixed))
