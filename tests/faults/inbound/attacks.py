"""What attackers do, and what comes of the scrapes meanwhile."""

import asyncio
import base64
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import NamedTuple

import bcrypt

from tests.faults.inbound.target import Target, limited, target

ATTACKER, SCRAPER = "127.0.0.1", "127.0.0.2"
"""Each address of loopback is another client's."""

PLAIN = b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\n\r\n"
PASSWORD = "correct horse"


class Outcome(NamedTuple):
    """Scrapes that were whole, of how many, and by how much memory grew at most, in bytes."""

    whole: int
    scrapes: int
    growth: int = 0


async def unread(clients: int, certificates: int, *, tls: bool, scrapes: int = 5) -> Outcome:
    """So many clients ask for the page without gzip, and read nothing of it."""
    async with target(certificates, tls=tls) as exporter:
        await exporter.scrape(SCRAPER)
        before = exporter.memory()
        async with _held(exporter, clients, PLAIN) as held, _watched(exporter) as most:
            whole = await _scraped(exporter, scrapes, SCRAPER)
            assert held
        return Outcome(whole, scrapes, max(most) - before)


async def held_and_flood(
    clients: int, rate: float, scrapes: int, *, certificates: int = 6000, source: str = SCRAPER
) -> Outcome:
    """So many clients hold an answer each while plain connections come, so many a second."""
    async with target(certificates, tls=True) as exporter:
        async with _held(exporter, clients, PLAIN), _flood(exporter, rate):
            whole = await _scraped(exporter, scrapes, source, pause=0.2)
        return Outcome(whole, scrapes)


async def guessers(clients: int, scrapes: int, *, cost: int, source: str = SCRAPER) -> Outcome:
    """So many clients guess a password, over and over, before anybody has told the right one."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(cost)).decode()
    numbers = itertools.count()
    async with target(web=f"basic_auth_users: {{alice: '{hashed}'}}\n") as exporter:
        guessed = asyncio.Event()

        async def guess() -> None:
            while True:
                await exporter.scrape(ATTACKER, _basic("alice", f"guess {next(numbers)}"))
                guessed.set()

        async with _tasks(*(guess() for _ in range(clients))):
            await guessed.wait()
            whole = await _scraped(exporter, scrapes, source, _basic("alice", PASSWORD))
        return Outcome(whole, scrapes)


async def few_descriptors(metros: int, descriptors: int, clients: int, scrapes: int) -> Outcome:
    """So many idle connections, where the metros alone take most of the descriptors."""
    async with target(metros=metros, prefix=limited(descriptors)) as exporter:
        async with _held(exporter, clients, b""):
            whole = await _scraped(exporter, scrapes, SCRAPER, pause=0.2)
        return Outcome(whole, scrapes)


def _basic(name: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}\r\n"


async def _scraped(
    exporter: Target, scrapes: int, source: str, head: str = "", *, pause: float = 0.0
) -> int:
    whole = 0
    for _ in range(scrapes):
        whole += (await exporter.scrape(source, head)).endswith(" 200 OK")
        await asyncio.sleep(pause)
    return whole


@contextlib.asynccontextmanager
async def _held(exporter: Target, clients: int, request: bytes) -> AsyncIterator[list[object]]:
    """So many connections that send this and then nothing more, and read nothing."""
    writers: list[asyncio.StreamWriter] = []

    async def hold() -> None:
        with contextlib.suppress(OSError):
            _, writer = await exporter.connect(ATTACKER)
            writers.append(writer)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request)

    try:
        for start in range(0, clients, 16):
            await asyncio.gather(*(hold() for _ in range(min(16, clients - start))))
        yield list(writers)
    finally:
        for writer in writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def _flood(exporter: Target, rate: float) -> AsyncIterator[None]:
    writers: list[asyncio.StreamWriter] = []

    async def arrive() -> None:
        while True:
            with contextlib.suppress(OSError):
                writers.append((await exporter.connect(ATTACKER, tls=False))[1])
            await asyncio.sleep(1 / rate)

    try:
        async with _tasks(arrive()):
            yield
    finally:
        for writer in writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def _watched(exporter: Target) -> AsyncIterator[list[int]]:
    most = [exporter.memory()]

    async def watch() -> None:
        while True:
            most[0] = max(most[0], exporter.memory())
            await asyncio.sleep(0.05)

    async with _tasks(watch()):
        yield most


@contextlib.asynccontextmanager
async def _tasks(*work: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each) for each in work]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
