"""Soak an exporter: faults, reloads, token rotation and four scrapers, for minutes.

Exits 1 where a scrape was lost, or memory, tasks, threads or descriptors grew.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.soak.watch import Look, calm_look, command, look
from bench.soak.world import ALWAYS, World
from tests.world.leaks import SEARCH
from tests.world.processes import Running, running

SCRAPERS = (
    {"Accept": "text/plain", "Accept-Encoding": "gzip"},
    {"Accept": "text/plain", "Accept-Encoding": "identity"},
    {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"},
    {"Accept": "application/openmetrics-text", "Accept-Encoding": "identity"},
)
WARM_SECONDS = 60
UNREAD = b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept-Encoding: identity\r\n\r\n"


class Scrapes:
    """How the scrapes went."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.lost: list[str] = []

    async def go_on(self, url: str, headers: dict[str, str]) -> None:
        """Scrape for ever; now and then a page is parsed too."""
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
            while True:
                started = time.perf_counter()
                try:
                    answer = await client.get("/metrics", timeout=10)
                    self._check(answer)
                except (httpx.HTTPError, ValueError) as exc:
                    self.lost.append(f"{type(exc).__name__}: {exc}")
                self.seconds.append(time.perf_counter() - started)
                await asyncio.sleep(0.5)

    def _check(self, answer: httpx.Response) -> None:
        answer.raise_for_status()
        text = answer.text
        missing = [
            m for m in ALWAYS if f'ukc_certificate_info{{account="default",metro="{m}"' not in text
        ]
        if missing:
            raise ValueError(f"no certificates of {missing}")
        if len(self.seconds) % 50 == 0:
            list(text_string_to_metric_families(text.removesuffix("# EOF\n")))


async def disturb(world: World, process: Running, url: str, until: float) -> None:
    """Faults, reloads and rotations, one after the other at random."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        while time.monotonic() < until:
            await asyncio.sleep(world.random.uniform(0.2, 1.0))
            what = world.random.random()
            if what < 0.5:
                world.trouble()
            elif what < 0.6:
                world.rotate()
            elif what < 0.63:
                world.misplace()
            elif what < 0.68:
                await unread(world, url)
            else:
                good = world.random.random() < 0.7
                (world.write_good if good else world.write_bad)()
                if world.random.random() < 0.5:
                    process.process.send_signal(signal.SIGHUP)
                else:
                    answer = await client.post("/-/reload")
                    assert answer.status_code == (200 if good else 500), answer.text


async def unread(world: World, url: str) -> None:
    """Clients at another address that ask for the page without gzip, and read nothing of it."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    writers = []
    with contextlib.suppress(OSError):
        for _ in range(64):
            _, writer = await asyncio.open_connection(host, int(port), local_addr=("127.0.0.3", 0))
            writers.append(writer)
            writer.write(UNREAD)
            world.counts["unread answers"] += 1
    await asyncio.sleep(0.5)
    for writer in writers:
        writer.transport.abort()


async def drain(process: Running) -> None:
    """Read the log, so that the exporter never waits for a reader."""
    assert process.process.stderr is not None
    while said := await process.process.stderr.read(1 << 16):
        SEARCH.look("what the exporter said", said)


async def soak(minutes: float, seed: int) -> bool:
    """Print the figures; gives whether all is well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world, scrapes, tasks = World(folder, seed), Scrapes(), folder / "tasks"
        flags = ("--web.listen-address=127.0.0.1:0", "--web.enable-lifecycle", "--log.level=info")
        async with (
            world.serving(),
            running(
                f"--config.file={world.configuration}", *flags, command=command(tasks)
            ) as process,
        ):
            url = await process.url()
            for _ in ALWAYS:
                await process.says("poll succeeded")
            reading = asyncio.create_task(drain(process))
            await asyncio.sleep(2)
            scrapers = [asyncio.create_task(scrapes.go_on(url, h)) for h in SCRAPERS]
            await disturb(world, process, url, time.monotonic() + min(WARM_SECONDS, minutes * 15))
            before = await _quiet(world, process, url, tasks)
            looks = [before]
            end = time.monotonic() + minutes * 60
            while time.monotonic() < end:
                await disturb(world, process, url, time.monotonic() + 10)
                looks.append(look(process.pid, tasks))
            after = await _quiet(world, process, url, tasks)
            for task in (*scrapers, reading):
                task.cancel()
            await asyncio.gather(*scrapers, reading, return_exceptions=True)
            done = await process.ends(signal.SIGTERM)
    fine = _report(minutes, world, scrapes, looks, before, after, done.code)
    return fine and not SEARCH.found


async def _quiet(world: World, process: Running, url: str, tasks: Path) -> Look:
    world.calm()
    world.rotate()
    world.write_good()
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.post("/-/reload")).is_success
    await asyncio.sleep(5)
    return await calm_look(process.pid, tasks)


def _report(
    minutes: float,
    world: World,
    scrapes: Scrapes,
    looks: list[Look],
    before: Look,
    after: Look,
    code: int,
) -> bool:
    ordered = sorted(scrapes.seconds)
    print(f"{minutes:g} minutes: {world.counts}")
    print(f"scrapes: {len(ordered)}, lost: {len(scrapes.lost)} {scrapes.lost[:5]}")
    print(
        f"seconds a scrape: median {ordered[len(ordered) // 2]:.3f}, "
        f"99 % {ordered[int(len(ordered) * 0.99)]:.3f}, longest {ordered[-1]:.3f}"
    )
    for name in Look._fields:
        values = [getattr(one, name) for one in looks]
        print(
            f"{name}: before {getattr(before, name):g}, after {getattr(after, name):g}, "
            f"most {max(values):g}"
        )
    print(f"exit code: {code}")
    # A metro more or less is a poller, a connection and some threads more or less.
    return (
        not scrapes.lost
        and code == 0
        and after.memory <= before.memory * 1.15 + 8
        and after.descriptors <= before.descriptors + 8
        and after.tasks <= before.tasks + 8
        and after.threads <= before.threads + 8
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(0 if asyncio.run(soak(options.minutes, options.seed)) else 1)
