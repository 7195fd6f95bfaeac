"""The fidelity bench: `python -m bench.fidelity` prints the table and keeps it."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog

from bench.fidelity.bench import judge
from bench.fidelity.lifecycles import DAY, HOUR
from bench.fidelity.recording import World
from bench.fidelity.report import Row, table
from bench.fidelity.worlds import (
    healthy_world,
    long_world,
    outage_world,
    sharded_world,
    short_world,
)
from tests.alerts.rules import REPOSITORY

KEPT = REPOSITORY / "docs" / "alerts-fidelity.md"
_HEAD = Path(__file__).with_name("head.md")
_WORLDS = {
    "short": "Every kind of lifecycle, with certificates of 6 days where the platform renews them",
    "shards": "The same on three shards, each of which is away for a while",
    "long": "What takes longer: certificates of 45 and 90 days, for 34 days",
    "outages": "Every way in which the API fails, for 2.5 hours, with an expiry meanwhile",
    "year": "A fleet in good health, through a year of 90-, 45- and 6-day renewals",
}


def _worlds(count: int) -> dict[str, tuple[World, float]]:
    return {
        "short": (short_world(count), 6.5 * DAY),
        "shards": (sharded_world(count), 6.5 * DAY),
        "long": (long_world(count), 34 * DAY),
        "outages": (outage_world(), 10.5 * HOUR),
        "year": (healthy_world(), 365 * DAY),
    }


def main() -> int:
    """Run the worlds that are named (all, where none is); 1 where a page was false or missed.

    Each result is printed and kept as soon as it is there.
    """
    parser = argparse.ArgumentParser(prog="fidelity", description=__doc__)
    parser.add_argument("worlds", nargs="*", choices=[[], *_WORLDS], default=[])
    parser.add_argument("--count", type=int, default=7, help="lifecycles of each kind")
    arguments = parser.parse_args()
    # What fails here fails on purpose, and is told by the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    bad = False
    for name in arguments.worlds or _WORLDS:
        found = _run(name, *_worlds(arguments.count)[name])
        section = f"## {_WORLDS[name]}\n\n{table(found)}"
        sys.stdout.write(f"{section}\n")
        sys.stdout.flush()
        _keep(section)
        bad = bad or any(row.ours.false or row.ours.missed for row in found)
    return int(bad)


def _keep(section: str) -> None:
    """Put a section in its place on the page; the other worlds' results stay."""
    page = KEPT.read_text() if KEPT.exists() else ""
    kept = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}
    title, _, _ = section.removeprefix("## ").partition("\n")
    kept[title] = section.removeprefix("## ")
    sections = [f"\n## {kept[title].rstrip()}\n" for title in _WORLDS.values() if title in kept]
    KEPT.write_text(_HEAD.read_text() + "".join(sections))


def _run(name: str, world: World, duration: float) -> list[Row]:
    started = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"{name}: {time.monotonic() - started:.0f} s: {what}\n")

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(judge(world, duration, Path(folder), say=say))
    for row in found:
        for finding in row.ours.findings:
            say(finding)
    say("judged")
    return found


if __name__ == "__main__":
    sys.exit(main())
