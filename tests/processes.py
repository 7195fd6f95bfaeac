"""The exporter as a process of its own, as its users run it."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

SECONDS = 20.0
"""How long anything may take before a test gives up: a bound, not an expectation."""

COMMAND = (sys.executable, "-m", "exporter")


def environment(**variables: str) -> dict[str, str]:
    """This process' environment, without what would configure an exporter or a proxy."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("UKC_")}
    kept = {k: v for k, v in kept.items() if "proxy" not in k.lower()}
    return {**kept, "PYTHONWARNINGS": "error", **variables}


class Done(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


class Running:
    """A process and what it said so far on standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.pid = process.pid
        self.err = ""

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until standard error matches."""
        async with asyncio.timeout(SECONDS):
            while True:
                if match := re.search(pattern, self.err):
                    return match
                assert self.process.stderr is not None
                line = await self.process.stderr.readline()
                assert line, f"the process ended without saying {pattern!r}:\n{self.err}"
                self.err += line.decode()

    async def url(self) -> str:
        """Where it listens."""
        match = await self.says(r"msg=listening address=(\S+) tls=(\S+)")
        return f"{'https' if match[2] == 'true' else 'http'}://{match[1]}"

    async def ends(self, number: signal.Signals | None = None) -> Done:
        """Send a signal, if one is given, and wait for the end."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return Done(self.process.returncode, out.decode(), self.err + err.decode())


@contextlib.asynccontextmanager
async def running(
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
) -> AsyncIterator[Running]:
    """A started process; it is killed at the end of the context if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**variables or {}),
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def run(*arguments: str, variables: Mapping[str, str] | None = None) -> Done:
    """Run the exporter to its end."""
    async with running(*arguments, variables=variables) as process:
        return await process.ends()
