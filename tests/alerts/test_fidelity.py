"""The fidelity bench in small: one lifecycle of each kind, for three simulated days."""

import logging
from pathlib import Path

import pytest
import structlog

from bench.fidelity.bench import judge
from bench.fidelity.kinds import HEALTHY, KINDS
from bench.fidelity.lifecycles import DAY
from bench.fidelity.verdict import Score
from bench.fidelity.worlds import healthy_world, sharded_world, short_world
from tests.world.tools import need

# Thousands of polls go through the same lines: measuring that doubles their time.
pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.uncovered]

LEFT_BEHIND = {"superseded twin", "replaced in time", "short wildcard replaced"}
"""The kinds in which an old certificate stays beside the one that replaced it."""


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """What is logged of so many polls takes longer than the polls."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


async def test_no_page_is_false_and_none_is_missed(tmp_path: Path) -> None:
    """Healthy lifecycles page nobody; the fixed-day pair, on the same series, is wrong."""
    need("promtool")

    found = {row.kind: row for row in await judge(short_world(1), 3 * DAY, tmp_path)}

    assert found.keys() >= KINDS.keys()
    ours = sum((row.ours for row in found.values()), Score())
    assert ours.findings == ()
    assert (ours.false, ours.missed, ours.overlapping) == (0, 0, 0)
    assert ours.impacts == len(ours.leads) > 0
    assert dict.fromkeys(HEALTHY, 0) == {kind: found[kind].ours.pages for kind in HEALTHY}
    troubled = set(KINDS) - set(HEALTHY) - {"one metro forgotten"}
    assert set() == {kind for kind in troubled if not found[kind].ours.pages}
    fixed = sum((row.fixed for row in found.values() if row.fixed), Score())
    assert fixed.false > 10
    assert fixed.missed > 0


async def test_a_healthy_fleet_pages_nobody(tmp_path: Path) -> None:
    """The year of the bench, for its first nine days: certificates of six days are renewed."""
    need("promtool")

    found = {row.kind: row for row in await judge(healthy_world(), 9 * DAY, tmp_path)}

    ours, fixed = found["year"].ours, found["year"].fixed
    assert (ours.pages, ours.findings) == (0, ())
    assert fixed is not None
    assert fixed.false > 0


async def test_a_shard_that_is_away_hides_nothing(tmp_path: Path) -> None:
    """The same lifecycles on three shards: each absence is a page, and nothing else changes.

    A shard judges what it holds: what was replaced by what another shard holds is warned of
    (docs/scaling.md).
    """
    need("promtool")

    found = await judge(sharded_world(1), 2.5 * DAY, tmp_path)

    ours = sum((row.ours for row in found), Score())
    assert ours.findings == ()
    assert (ours.false, ours.missed, ours.overlapping) == (0, 0, 0)
    assert [3] == [row.ours.pages for row in found if row.kind == "shard away"]
    paged = {row.kind for row in found if row.kind in HEALTHY and row.ours.pages}
    assert paged <= LEFT_BEHIND
