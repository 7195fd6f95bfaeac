"""What the system and the interpreter know of an exporter while it is soaked."""

import asyncio
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

# The exporter, and a thread that writes now and then how many tasks are alive.
TOLD = """
import asyncio, gc, pathlib, sys, threading, time
from exporter import cli
path = pathlib.Path(sys.argv[1])
def tell():
    while True:
        alive = sum(1 for o in gc.get_objects() if isinstance(o, asyncio.Task) and not o.done())
        path.write_text(str(alive))
        time.sleep(2)
threading.Thread(target=tell, daemon=True).start()
sys.exit(cli.main(sys.argv[2:]))
"""


def command(tasks: Path) -> tuple[str, ...]:
    """An exporter that writes its number of tasks into this file."""
    return (sys.executable, "-c", TOLD, str(tasks))


class Look(NamedTuple):
    """One look: resident memory in MiB, and how many of the others there are."""

    memory: float
    descriptors: int
    threads: int
    tasks: int


def look(pid: int, tasks: Path) -> Look:
    """What is known of the process now."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Look(
        memory=int(fields["VmRSS"].split()[0]) / 1024,
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(fields["Threads"]),
        tasks=int(tasks.read_text() or 0) if tasks.exists() else 0,
    )


async def calm_look(pid: int, tasks: Path) -> Look:
    """The median of several looks: polls and scrapes come and go."""
    looks = []
    for _ in range(15):
        looks.append(look(pid, tasks))
        await asyncio.sleep(1)
    return Look(*(statistics.median(values) for values in zip(*looks, strict=True)))
