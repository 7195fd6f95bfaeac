"""What an API may do, or an operator by mistake, and what comes of it."""

import asyncio
import contextlib
import gzip
import json
import re
import shutil
import statistics
import time

import httpx

from exporter.api.protocol import BATCH_SIZE
from tests.faults.kinds import TOKEN
from tests.faults.outbound.target import Command, Outcome, amid, drain, polled, target
from tests.faults.outbound.worlds import CLOCK, MUTE, UNFORESEEN
from tests.world.api import Answer, Received, ScriptedApi, http
from tests.world.builders import body, item
from tests.world.processes import COMMAND

DEEP = b"[" * 1000 + b"]" * 1000
DENSE = b'{"status":"success","data":{"certificates":[' + b"0," * 10_000_000 + b"0]}}"
ESCAPED = "".join(f"\\u{ord(character):04x}" for character in TOKEN).encode()
CATASTROPHE = "'([a-z0-9]+-?)*\\.example\\.org'"


async def answered(*answers: Answer, times: int, command: Command = COMMAND) -> Outcome:
    """The odd metro answers like this, with the last one for ever."""
    async with target(ScriptedApi(*answers), command=command) as exporter:
        return await polled(exporter, times)


async def dense(times: int, *, command: Command = COMMAND) -> Outcome:
    """Twenty megabytes of zeros and commas, packed into some ten kilobytes."""
    return await answered(
        http(200, gzip.compress(DENSE), Content_Encoding="gzip"), times=times, command=command
    )


async def odd_items(many: int, times: int, *, command: Command = COMMAND) -> Outcome:
    """So many certificates of which each has a field of a wrong type."""
    items = [item(uuid=str(n), name=str(n), state=7) for n in range(many)]
    return await answered(http(200, body(*items)), times=times, command=command)


class ChangingBatches(ScriptedApi):
    """Lists other certificates each time, and never tells the details of the last batch."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._size = batches * BATCH_SIZE
        self._end = 0

    def _answer(self, request: Received) -> Answer:
        if "/list" in request.line:
            start, self._end = self._end, self._end + self._size
            names = ({"uuid": f"u{n}", "name": f"n{n}"} for n in range(start, self._end))
            return http(200, body(*names))
        uuids = [asked["uuid"] for asked in json.loads(request.body)]
        if f"u{self._end - 1}" in uuids:
            return http(500)
        return http(200, body(*(item(uuid=uuid, name=f"n-{uuid}") for uuid in uuids)))


async def changing_batches(batches: int, polls: int, *, command: Command = COMMAND) -> Outcome:
    """One batch of so many is always refused, of certificates that are others at each poll."""
    settings = "interval: 20ms\nfetch: batched"
    requests = batches + 1
    async with target(ChangingBatches(batches), settings=settings, command=command) as exporter:
        await polled(exporter, polls // 4 * requests)  # what it needs at all is no growth
        outcome = await polled(exporter, polls * requests)
        return outcome._replace(polls=round(outcome.polls * requests, 1))


async def directory(polls: int, *, command: Command = COMMAND) -> Outcome:
    """The token's path is a directory for so many polls, and then a file again."""
    api = ScriptedApi(http(200, body(item())))
    async with target(api, command=command) as exporter:
        reading = asyncio.create_task(drain(exporter.process))
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
        reading.cancel()
        await asyncio.wait([reading])
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


async def unforeseen(times: int, *, command: Command = COMMAND) -> Outcome:
    """What unpacks the answers of the odd metro raises an error that nobody foresaw."""
    packed = http(200, gzip.compress(body(item())), Content_Encoding="gzip")
    async with target(ScriptedApi(packed), command=amid(UNFORESEEN, command)) as exporter:
        outcome = await polled(exporter, times)
        logged = exporter.process.err.count("RuntimeError")
        return outcome._replace(told=outcome.told or f"logged {logged > 0}")


async def mute_names(metros: int, times: int, *, command: Command = COMMAND) -> Outcome:
    """So many metros whose name server hangs, where 64 threads are all that there may be."""
    mute = "".join(f", {{name: mute{n}, url: 'https://a.m{n}.test'}}" for n in range(metros))
    api = ScriptedApi(http(200, body(item())))
    settings = "interval: 500ms"
    world = amid(MUTE, command)
    async with target(api, settings=settings, command=world, others=mute) as exporter:
        outcome = await polled(exporter, times, seconds=20)
        page = await exporter.page()
        reasons = re.findall(r'failures_total\{.*metro="mute.*reason="(\w+)".*\} (\S+)', page)
        failed = frozenset(reason for reason, count in reasons if float(count))
        return outcome._replace(reasons=failed)


async def clock(days: int, stale_after: str, polls: int, *, command: Command = COMMAND) -> Outcome:
    """The clock leaps and the odd metro fails so often; what becomes of its data is told."""
    api = ScriptedApi(http(200, body(item(name="kept"))))
    settings = f"interval: 100ms\nstale_after: {stale_after}"
    async with target(api, settings=settings, command=amid(CLOCK, command)) as exporter:
        outcome = await polled(exporter, 3)
        (exporter.folder / "leap").write_text(str(days * 86_400))
        api.answers = [http(500)]
        for _ in range(polls):
            outcome = await polled(exporter, 1)
            if outcome.ended or 'name="kept"' not in await exporter.page():
                return outcome._replace(told="withdrawn")
        return outcome._replace(told="kept")


REFUSED_DEEP = http(401, b'{"status":"error","message":' + DEEP + b"}")
ITEM_DEEP = http(200, body(item()).replace(b'"state"', b'"odd":' + DEEP + b',"state"'))
UNCLOSED = http(200, b'{"data":{"certificates":[' + b"[" * 100_000)
