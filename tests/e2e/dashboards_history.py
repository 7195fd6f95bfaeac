"""Weeks of a simulated fleet's past: the exporter's own pages on an injected clock, as blocks."""

import asyncio
import itertools
import re
import subprocess
from pathlib import Path
from typing import Any

from exporter.service import Graph
from exporter.simulator import Clock, Fault, Simulator
from exporter.simulator.http.asgi import Receive, Scope, Send
from tests.e2e.dashboards_world import TOKEN, watched

WEEKS = 3
STEP_SECONDS = 4 * 3600
#: Longer than a step, or the past would be a row of dots.
LOOKBACK = "4h30m"
#: What befell the last metro, in steps: a day of outage, and a day on which it wrote the state of
#: one certificate as a number.
_OUTAGE = range(40, 46)
_NONSENSE = range(80, 86)

_SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


class _Unlucky:
    """A metro with bad days."""

    def __init__(self, simulator: Simulator) -> None:
        self.metro = simulator.metro
        self._simulator = simulator
        self._nonsense = False

    def befall(self, step: int) -> None:
        """Be as the plan has it at this step."""
        self._simulator.clear_faults()
        if step in _OUTAGE:
            self._simulator.fault(Fault("bad-gateway"))
        self._nonsense = step in _NONSENSE

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The simulator's answers, on some days with a wrong one among the right ones."""

        async def spoiled(message: Any) -> None:
            if message["type"] == "http.response.body":
                # As long as the right one, for the length has been announced.
                body = message.get("body", b"").replace(b'"state":"valid"', b'"state":1234567', 1)
                message = {**message, "body": body}
            await send(message)

        await self._simulator.app(scope, receive, spoiled if self._nonsense else send)


async def write_past(
    file: Path, now: float, *, account: str, metros: tuple[str, ...], target: str
) -> None:
    """What Prometheus would have scraped of the mixture until a little before `now`.

    `target` are the labels that a scrape adds. The fleet lived through it: the scenario
    describes its beginning.
    """
    clock = Clock(start=now - WEEKS * 7 * 86400, speed=0)
    fleet = [Simulator("mixture", metro=metro, token=TOKEN, clock=clock) for metro in metros]
    last = _Unlucky(fleet[-1])
    async with watched(account, [*fleet[:-1], last], clock=clock.now) as graph:
        with file.open("w", encoding="utf-8") as output:
            for step in itertools.count():
                if clock.now() >= now - STEP_SECONDS:
                    break
                last.befall(step)
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
