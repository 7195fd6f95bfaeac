"""Ten thousand hostile requests, and what they do to those who scrape.

Prints the figures; exits 1 where scrapes were lost, where their median was more than twice that of
before in the middle of it or more than a quarter over it afterwards.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from exporter.simulator import Simulator, serve
from tests.world.leaks import MARK, SEARCH
from tests.world.processes import Running, running

TOKEN = f"hostile:{MARK}"
SCRAPES = 300
LORISES = 300
IDLE = 2000
AT_ONCE = 16
FACTOR = 2.0

_GOOD = b"GET /metrics HTTP/1.1\r\nHost: a\r\n"
SENT = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\r\n" * 500,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"TRACE /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://169.254.169.254/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    _GOOD + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    _GOOD + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
    _GOOD + b"Content-Length: 99999999999\r\n\r\n",
    _GOOD + b"Content-Length: -1\r\n\r\n",
    _GOOD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _GOOD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    _GOOD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST /-/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
)


async def scrape_seconds(client: httpx.AsyncClient, count: int = SCRAPES) -> list[float]:
    """How long so many scrapes took, one after the other with a little rest between."""
    seconds: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert "ukc_certificate_info{" in answer.text
        seconds.append(time.perf_counter() - started)
        await asyncio.sleep(0.02)
    return seconds


async def attack(where: tuple[str, int], requests: int, seed: int) -> None:
    """So many hostile requests, several at once."""
    chosen = random.Random(seed)  # noqa: S311 - a seed, not a secret
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(sent: bytes) -> None:
        async with turns:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                async with asyncio.timeout(2):
                    reader, writer = await asyncio.open_connection(*where)
                    try:
                        writer.write(sent)
                        if chosen.random() < 0.5:
                            await reader.read(100)
                    finally:
                        writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        for _ in range(requests):
            group.create_task(one(chosen.choice(SENT)))


@contextlib.asynccontextmanager
async def held(
    where: tuple[str, int], count: int, first: bytes, then: bytes
) -> AsyncIterator[None]:
    """So many connections that say something now and then, and never enough."""
    writers: list[asyncio.StreamWriter] = []

    async def hold() -> None:
        while True:
            for n, writer in enumerate(writers):
                if writer.transport.is_closing():
                    with contextlib.suppress(OSError):
                        writers[n] = (await asyncio.open_connection(*where))[1]
                        writers[n].write(first)
                elif then:
                    writer.write(then)
            await asyncio.sleep(1)

    for _ in range(count):
        with contextlib.suppress(OSError):
            writer = (await asyncio.open_connection(*where))[1]
            writer.write(first)
            writers.append(writer)
    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()


async def attacked(where: tuple[str, int], requests: int) -> None:
    """Hold connections open, say so, and send the requests; without any, hold on."""
    slow = b"GET /metrics HTTP/1.1\r\nHost: a\r\nX: "
    async with held(where, LORISES, slow, b"x"), held(where, IDLE, b"", b""):
        print("attacking", flush=True)
        await attack(where, requests, seed=1)
        if not requests:
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def attacker(
    where: tuple[str, int], requests: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An attacker in a process of its own, at work."""
    command = (sys.executable, "-m", "bench.hostile", f"--requests={requests}")
    process = await asyncio.create_subprocess_exec(
        *command, f"--attack={where[0]}:{where[1]}", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def measured(process: Running, where: tuple[str, int], requests: int) -> bool:
    """Before, during and after; gives whether all is well."""
    url = f"http://{where[0]}:{where[1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        await scrape_seconds(client, 20)
        before = await scrape_seconds(client)
        async with attacker(where, 0):
            held_up = await scrape_seconds(client)
        during: list[float] = []
        started = time.perf_counter()
        async with attacker(where, requests) as attacking:
            while attacking.returncode is None:
                during += await scrape_seconds(client, 5)
        took = time.perf_counter() - started
        descriptors = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        await asyncio.sleep(1)
        after = await scrape_seconds(client)
    for name, seconds in (
        ("before", before),
        (f"{LORISES} slow and {IDLE} idle connections", held_up),
        (f"and {requests} hostile requests in {took:.0f} s", during),
        ("after", after),
    ):
        median, most, worst = statistics.median(seconds), _most(seconds), max(seconds)
        print(
            f"{name}: {len(seconds)} scrapes, median {median * 1e3:.1f} ms, "
            f"95 % within {most * 1e3:.1f} ms, longest {worst * 1e3:.1f} ms"
        )
    print(f"descriptors after: {descriptors}")
    usual = statistics.median(before)
    return statistics.median(during) <= FACTOR * usual and statistics.median(after) <= 1.25 * usual


def _most(seconds: list[float]) -> float:
    """What 95 of 100 take at most."""
    return statistics.quantiles(seconds, n=20)[-1]


async def main(requests: int) -> bool:
    """An exporter of three simulated metros under attack."""
    async with contextlib.AsyncExitStack() as stack:
        entries = []
        for name in ("fra0", "dal0", "sin0"):
            simulator = Simulator("mixture", metro=name, token=TOKEN)
            url = await stack.enter_async_context(serve(simulator.app))
            entries.append(f"{{name: {name}, url: '{url}'}}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "exporter.yaml").write_text(
            f"accounts: [{{name: default, token_env: UKC_TOKEN, metros: [{', '.join(entries)}]}}]"
        )
        flags = (
            f"--config.file={folder / 'exporter.yaml'}",
            "--web.listen-address=127.0.0.1:0",
            "--log.level=info",
        )
        process = await stack.enter_async_context(running(*flags, variables={"UKC_TOKEN": TOKEN}))
        host, _, port = (await process.url()).removeprefix("http://").rpartition(":")
        for name in ("fra0", "dal0", "sin0"):
            await process.says(f"poll succeeded.*metro={name} ")
        fine = await measured(process, (host, int(port)), requests)
        done = await process.ends(signal.SIGTERM)
        print(f"exit code {done.code}, {len(done.err.splitlines())} log lines")
        return fine and done.code == 0 and not SEARCH.found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--attack", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        host, _, port = options.attack.rpartition(":")
        asyncio.run(attacked((host, int(port)), options.requests))
        sys.exit(0)
    sys.exit(0 if asyncio.run(main(options.requests)) else 1)
