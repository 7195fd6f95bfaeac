"""Weeks of a simulated fleet's past: the exporter's own pages on an injected clock, as blocks."""

import asyncio
import re
import subprocess
from pathlib import Path

from exporter.service import Graph
from exporter.simulator import Clock, Simulator
from tests.e2e.dashboards_world import TOKEN, watched

WEEKS = 3
STEP_SECONDS = 4 * 3600
#: Longer than a step, or the past would be a row of dots.
LOOKBACK = "4h30m"

_SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


async def write_past(
    file: Path, now: float, *, account: str, metros: tuple[str, ...], target: str
) -> None:
    """What Prometheus would have scraped of the mixture until a little before `now`.

    `target` are the labels that a scrape adds. The fleet lived through it: the scenario
    describes its beginning.
    """
    clock = Clock(start=now - WEEKS * 7 * 86400, speed=0)
    fleet = [Simulator("mixture", metro=metro, token=TOKEN, clock=clock) for metro in metros]
    async with watched(account, fleet, clock=clock.now) as graph:
        with file.open("w", encoding="utf-8") as output:
            while clock.now() < now - STEP_SECONDS:
                await asyncio.gather(*(poller.poll() for poller in graph.pollers))
                output.writelines(_stamped(_page(graph), target, clock.now()))
                clock.advance(STEP_SECONDS)
            output.write("# EOF\n")


def _page(graph: Graph) -> str:
    tail = graph.telemetry.exposition(openmetrics=True)
    return b"".join(graph.exposition.stream(openmetrics=True, tail=tail).text()).decode()


def _stamped(page: str, target: str, moment: float) -> list[str]:
    """The page's samples with the target's labels and a time."""
    lines = []
    for line in page.splitlines():
        if not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            assert match is not None, line
            name, labels, value = match.groups()
            inside = ",".join(filter(None, (target, labels)))
            lines.append(f"{name}{{{inside}}} {value} {int(moment)}\n")
    return lines


def load_past(file: Path, data: Path) -> None:
    """Turn the past into blocks that a Prometheus begins with."""
    # Blocks of two hours would have it read the file once for each.
    create = ("promtool", "tsdb", "create-blocks-from", "--max-block-duration=162h")
    command = (*create, "--quiet", "openmetrics", str(file), str(data))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
