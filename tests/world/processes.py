"""The exporter as a process of its own, as its users run it."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.world.leaks import MARK, SEARCH

SECONDS = 20.0
"""How long anything may take before a test gives up: a bound, not an expectation."""

PAGES = ("/metrics", "/", "/-/ready")
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
            await self.look_at_pages()
            self.process.send_signal(number)
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        for said in (out, self.err, err):
            SEARCH.look("what a process said", said)
        return Done(self.process.returncode, out.decode(), self.err + err.decode())

    async def look_at_pages(self) -> None:
        """Search what it serves, if it serves anybody, for the token."""
        where = re.findall(r"listening address=(\S+) tls=false", self.err)[:1]
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as client:
                for url in (f"http://{host}{path}" for host in where for path in PAGES):
                    for accept in ("text/plain", "application/openmetrics-text"):
                        headers = {"Accept": accept}
                        SEARCH.look(url, (await client.get(url, headers=headers)).text)


@contextlib.asynccontextmanager
async def running(
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
) -> AsyncIterator[Running]:
    """A started process; it is killed at the end of the context if it still runs.

    It says all that it can say, so that the search for the token has something to search.
    """
    assert MARK in (variables or {}).get("UKC_TOKEN", MARK), "a token that cannot be searched for"
    process = await asyncio.create_subprocess_exec(
        *command,
        *arguments,
        *(("--log.level=debug",) if "--log.level" not in " ".join(arguments) else ()),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**variables or {}),
    )
    SEARCH.look("a command line", Path(f"/proc/{process.pid}/cmdline").read_bytes())
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            await running.look_at_pages()
            process.kill()
            await running.ends()


async def run(*arguments: str, variables: Mapping[str, str] | None = None) -> Done:
    """Run the exporter to its end."""
    async with running(*arguments, variables=variables) as process:
        return await process.ends()
