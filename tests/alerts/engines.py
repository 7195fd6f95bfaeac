"""Rule engines that run for real: Prometheus 2 and 3, and vmalert beside VictoriaMetrics."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.alerts.pages import Page, Sample
from tests.alerts.peers import VICTORIA_METRICS, VMALERT
from tests.alerts.scrapes import JOB
from tests.e2e.programs import Prometheus, listening

INTERVAL: Final = "1s"
"""Between scrapes, and between evaluations."""


class Pages:
    """Pages of exporters on loopback, of which each is a target of its own.

    A target more tells how often they were changed, as the metric `stage`.
    """

    def __init__(self, targets: int) -> None:
        self._shown: list[Page | None] = [None] * targets
        self.stage = 0
        self._address = ""

    def show(self, *pages: Page | None) -> None:
        """Show these from now on; an exporter whose page is None does not answer."""
        self._shown[:] = pages
        self.stage += 1

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Pages"]:
        """Until the end of the context."""
        async with await asyncio.start_server(self._answer, "127.0.0.1", 0) as server:
            self._address = "{}:{}".format(*server.sockets[0].getsockname())
            yield self

    def scrape_configs(self) -> Sequence[object]:
        """What has Prometheus and VictoriaMetrics scrape them."""
        exporters = [self._target(str(number)) for number in range(len(self._shown))]
        jobs = {JOB: exporters, "stage": [self._target("stage")]}
        return [{"job_name": job, "static_configs": targets} for job, targets in jobs.items()]

    def _target(self, name: str) -> object:
        labels = {"__metrics_path__": f"/{name}", "instance": name}
        return {"targets": [self._address], "labels": labels}

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            request = await reader.readuntil(b"\r\n\r\n")
            name = request.split()[1].decode().strip("/")
            page = (
                [Sample("stage", value=self.stage)] if name == "stage" else self._shown[int(name)]
            )
            status = "503 Service Unavailable" if page is None else "200 OK"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\n"
                f"Connection: close\r\n\r\n{_text(page or ())}".encode()
            )
            await writer.drain()
        writer.close()


def _text(page: Iterable[Sample]) -> str:
    """A page in the text format; here no counter grows."""
    return "".join(
        "{}{{{}}} {}\n".format(
            sample.name,
            ",".join(f"{name}={json.dumps(value)}" for name, value in sample.labels),
            time.time() if sample.is_time else float(sample.value),
        )
        for sample in page
    )


@contextlib.asynccontextmanager
async def prometheus(
    name: str, pages: Pages, rules: Sequence[str], folder: Path
) -> AsyncIterator[Prometheus]:
    """A Prometheus that scrapes the pages and evaluates the rules."""
    configuration = {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": rules,
        "scrape_configs": pages.scrape_configs(),
    }
    path = _written(folder / "prometheus.yml", configuration)
    command = (name, f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}")
    async with listening(command, "--web.listen-address", "/-/ready", folder) as http:
        yield Prometheus(http)


@contextlib.asynccontextmanager
async def vmalert(pages: Pages, rules: Sequence[str], folder: Path) -> AsyncIterator[Prometheus]:
    """A VictoriaMetrics that scrapes the pages, and a vmalert that evaluates the rules on it."""
    scraped = {
        "global": {"scrape_interval": INTERVAL},
        "scrape_configs": pages.scrape_configs(),
    }
    storage = (
        VICTORIA_METRICS,
        f"-promscrape.config={_written(folder / 'scrape.yml', scraped)}",
        f"-storageDataPath={folder / 'data'}",
        "-search.latencyOffset=1s",
        # Else a new series is found ten seconds late, which is no time between two minutes.
        "-storage.cacheSizeIndexDBTagFilters=1",
    )
    async with listening(storage, "-httpListenAddr", "/health", folder) as http:
        address = f"{http.base_url}".rstrip("/")
        rules_of = [f"-rule={path}" for path in rules]
        urls = [f"-{kind}.url={address}" for kind in ("datasource", "remoteWrite", "remoteRead")]
        evaluating = (
            VMALERT,
            *rules_of,
            *urls,
            "-notifier.blackhole",
            f"-evaluationInterval={INTERVAL}",
            "-rule.evalDelay=1s",
            "-group.maxStartDelay=1ms",
            "-remoteWrite.flushInterval=100ms",
        )
        async with listening(evaluating, "-httpListenAddr", "/health", folder):
            yield Prometheus(http)


def _written(path: Path, configuration: object) -> Path:
    path.write_text(json.dumps(configuration))
    return path
