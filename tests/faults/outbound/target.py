"""An exporter with an odd metro and one beside it, and what comes of the polls meanwhile."""

import asyncio
import contextlib
import re
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.faults.kinds import TOKEN
from tests.world.api import ScriptedApi, http
from tests.world.builders import body, item
from tests.world.processes import COMMAND, Running, running

Command = tuple[str, ...]


class Outcome(NamedTuple):
    """What came of it.

    `ended` tells that the process ended, `reasons` why polls of the odd metro failed; the metro
    beside it was polled `polls` times for each of its own. Memory grew by `growth` bytes at most,
    and descriptors by `descriptors`; `told` is what else there is to tell.
    """

    ended: bool
    reasons: frozenset[str] = frozenset()
    polls: float = 0
    growth: int = 0
    descriptors: int = 0
    told: str = ""


class Target(NamedTuple):
    """An exporter with an odd metro and one beside it, and what it said of both at first."""

    process: Running
    url: str
    odd: ScriptedApi
    well: ScriptedApi
    folder: Path

    async def page(self, path: str = "/metrics") -> str:
        """What it serves there; empty where it does not answer within 10 s."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
                return (await client.get(self.url + path)).text
        except httpx.HTTPError:
            return ""

    def memory(self) -> int:
        """Resident memory, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(match[1]) * 1024 if match else 0

    def descriptors(self) -> int:
        """How many files are open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextlib.asynccontextmanager
async def target(
    odd: ScriptedApi,
    *,
    settings: str = "interval: 100ms",
    exclude: str = "none",
    command: Command = COMMAND,
    metros: int = 1,
    others: str = "",
) -> AsyncIterator[Target]:
    """An exporter that polls both some times a second; the odd API serves so many `metros`.

    `settings` are the configuration's own, `exclude` is an expression, `others` are more metros.
    """
    well = ScriptedApi(http(200, body(item(uuid="w", name="well"))))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "token").write_text(TOKEN)
        first, beside = [await stack.enter_async_context(api.serving()) for api in (odd, well)]
        each = ", ".join(f"{{name: odd{n or ''}, url: '{first}'}}" for n in range(metros))
        (folder / "exporter.yaml").write_text(
            f"{settings}\ntimeout: 5s\n"
            f"accounts:\n- {{name: a, token_file: {folder / 'token'}, exclude: {exclude}, "
            f"metros: [{{name: well, url: '{beside}'}}, {each}{others}]}}\n"
        )
        process = await stack.enter_async_context(
            running(
                f"--config.file={folder / 'exporter.yaml'}",
                "--web.listen-address=127.0.0.1:0",
                "--log.level=info",
                command=command,
            )
        )
        yield Target(process, await process.url(), odd, well, folder)


async def polled(exporter: Target, times: int, seconds: float = 60) -> Outcome:
    """The odd metro is asked so many times; a process that stands still ends the wait."""
    memory, descriptors = exporter.memory(), exporter.descriptors()
    most, before = memory, len(exporter.well.received)
    asked = len(exporter.odd.received)
    reading = asyncio.create_task(drain(exporter.process))
    until = time.monotonic() + seconds
    while len(exporter.odd.received) < asked + times and time.monotonic() < until:
        if exporter.process.process.returncode is not None:
            break
        await asyncio.sleep(0.02)
        with contextlib.suppress(OSError):
            most = max(most, exporter.memory())
    page = await exporter.page()
    reading.cancel()
    await asyncio.wait([reading])
    ended = exporter.process.process.returncode is not None or not exporter.memory()
    failures = re.findall(r'failures_total\{.*metro="odd",.*reason="(\w+)".*\} (\S+)', page)
    return Outcome(
        ended,
        frozenset(reason for reason, count in failures if float(count)),
        round(
            (len(exporter.well.received) - before) / max(1, len(exporter.odd.received) - asked), 1
        ),
        most - memory,
        0 if ended else exporter.descriptors() - descriptors,
        "" if page or ended else "no scrape is answered",
    )


async def drain(process: Running) -> None:
    """Read the log, so that the exporter never waits for a reader."""
    assert process.process.stderr is not None
    while line := await process.process.stderr.readline():
        process.err += line.decode()


def amid(world: str, command: Command) -> Command:
    """The command in a world of its own: this code is run before the exporter is loaded."""
    python = command[: command.index("-m")]
    return (*python, "-c", f"{world}\nimport sys\nfrom exporter import cli\nsys.exit(cli.main())")
