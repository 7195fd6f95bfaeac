"""What an API may do, or an operator by mistake, and what comes of the polls meanwhile."""

import asyncio
import contextlib
import gzip
import itertools
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.faults.kinds import TOKEN
from tests.world.api import Answer, Received, ScriptedApi, http
from tests.world.builders import body, item
from tests.world.processes import COMMAND, Running, running

DEEP = b"[" * 1000 + b"]" * 1000
DENSE = b'{"status":"success","data":{"certificates":[' + b"0," * 10_000_000 + b"0]}}"
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in TOKEN).encode()
CATASTROPHE = "'([a-z0-9]+-?)*\\.example\\.org'"


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
    command: tuple[str, ...] = COMMAND,
    metros: int = 1,
) -> AsyncIterator[Target]:
    """An exporter that polls both some times a second; the odd API serves so many `metros`.

    `settings` are the configuration's own, `exclude` is an expression.
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
            f"metros: [{{name: well, url: '{beside}'}}, {each}]}}\n"
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
    drain = asyncio.create_task(_drain(exporter.process))
    until = time.monotonic() + seconds
    while len(exporter.odd.received) < asked + times and time.monotonic() < until:
        if exporter.process.process.returncode is not None:
            break
        await asyncio.sleep(0.02)
        with contextlib.suppress(OSError):
            most = max(most, exporter.memory())
    page = await exporter.page()
    drain.cancel()
    await asyncio.wait([drain])
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


async def _drain(process: Running) -> None:
    """Read the log, so that the exporter never waits for a reader."""
    assert process.process.stderr is not None
    while line := await process.process.stderr.readline():
        process.err += line.decode()


Command = tuple[str, ...]


async def answered(answer: Answer, times: int, *, command: Command = COMMAND) -> Outcome:
    """The odd metro always answers like this."""
    async with target(ScriptedApi(answer), command=command) as exporter:
        return await polled(exporter, times)


async def dense(times: int, *, command: Command = COMMAND) -> Outcome:
    """Twenty megabytes of zeros and commas, packed into some ten kilobytes."""
    return await answered(
        http(200, gzip.compress(DENSE), Content_Encoding="gzip"), times, command=command
    )


async def odd_items(many: int, times: int, *, command: Command = COMMAND) -> Outcome:
    """So many certificates of which each has a field of a wrong type."""
    items = [item(uuid=str(n), name=str(n), state=7) for n in range(many)]
    return await answered(http(200, body(*items)), times, command=command)


class ChangingBatches(ScriptedApi):
    """Lists other certificates each time, and never tells their details."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()

    def _answer(self, request: Received) -> Answer:
        if "/list" not in request.line:
            return http(500)
        start = next(self._numbers) * 400
        items = [{"uuid": f"u{n}", "name": f"n{n}"} for n in range(start, start + 400)]
        return http(200, body(*items))


async def changing_batches(times: int, *, command: Command = COMMAND) -> Outcome:
    """One batch is always refused, of certificates that are others at each poll."""
    settings = "interval: 20ms\nfetch: batched"
    async with target(ChangingBatches(), settings=settings, command=command) as exporter:
        await polled(exporter, times // 4)  # what it needs at all is no growth
        return await polled(exporter, times)


async def directory(polls: int, *, command: Command = COMMAND) -> Outcome:
    """The token's path is a directory for so many polls, and then a file again."""
    api = ScriptedApi(http(200, body(item())))
    async with target(api, command=command) as exporter:
        drain = asyncio.create_task(_drain(exporter.process))
        await api.asked(3)
        token, before = exporter.folder / "token", exporter.descriptors()
        token.unlink()
        token.mkdir()
        failed = exporter.process.err.count("poll failed")
        until = time.monotonic() + 60
        while exporter.process.err.count("poll failed") < failed + polls:
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.05)
        more = exporter.descriptors() - before
        shutil.rmtree(token)
        token.write_text(TOKEN)
        asked = len(api.received)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await api.asked(asked + 2)
        drain.cancel()
        await asyncio.wait([drain])
        healed = "heals" if len(api.received) > asked + 1 else "does not heal"
        ended = exporter.process.process.returncode is not None
        return Outcome(ended, descriptors=more, told=healed)


async def repeated_token(times: int, *, command: Command = COMMAND) -> Outcome:
    """The API repeats the token in escapes of JSON."""
    refusal = http(401, b'{"status":"error","message":"bad token ' + ESCAPED + b'"}')
    async with target(ScriptedApi(refusal), command=command) as exporter:
        outcome = await polled(exporter, times)
        said = exporter.process.err + await exporter.page("/") + await exporter.page()
        exporter.process.err = exporter.process.err.replace(TOKEN, "")
        return outcome._replace(told="told" if TOKEN in said else "not told")


async def catastrophe(times: int, *, command: Command = COMMAND) -> Outcome:
    """An expression that backtracks for ever, and a name that makes it."""
    api = ScriptedApi(http(200, body(item(name="a" * 44))))
    async with target(api, exclude=CATASTROPHE, command=command) as exporter:
        return await polled(exporter, times, seconds=10)


class Baker(ScriptedApi):
    """Sets another cookie with each answer."""

    def _answer(self, _: Received) -> Answer:
        name = f"c{len(self.received)}"
        return http(200, body(item()), Set_Cookie=f"{name}={'x' * 1000}; Path=/")


async def cookies(times: int, *, command: Command = COMMAND) -> Outcome:
    """Each answer sets a cookie; what the requests grow by is told."""
    api = Baker()
    async with target(api, command=command) as exporter:
        outcome = await polled(exporter, times)
        last = sum(len(name) + len(value) for name, value in api.received[-1].headers.items())
        return outcome._replace(told=f"{last} bytes of headers")


async def many_metros(metros: int, *, command: Command = COMMAND) -> Outcome:
    """So many metros; how long a scrape takes is told."""
    api = ScriptedApi(http(200, body(item())))
    settings = "interval: 1h"
    async with target(api, settings=settings, command=command, metros=metros) as exporter:
        await polled(exporter, metros)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            seconds = []
            for _ in range(10):
                started = time.perf_counter()
                (await client.get(f"{exporter.url}/metrics")).raise_for_status()
                seconds.append(time.perf_counter() - started)
        ended = exporter.process.process.returncode is not None
        return Outcome(ended, told=f"{statistics.median(seconds) * 1000:.0f} ms a scrape")


REFUSED_DEEP = http(401, b'{"status":"error","message":' + DEEP + b"}")
ITEM_DEEP = http(200, body(item()).replace(b'"state"', b'"odd":' + DEEP + b',"state"'))
UNCLOSED = http(200, b'{"data":{"certificates":[' + b"[" * 100_000)
