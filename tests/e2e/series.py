"""An exporter whose page stays as it is, and the series that others took from it."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from exporter.simulator import Simulator, serve
from tests.e2e.programs import Prometheus, until
from tests.world.leaks import MARK
from tests.world.processes import running

TOKEN: Final = f"c2VyaWVz{MARK}="
METROS: Final = ("fra", "dal")
VARIABLES: Final = {"UKC_TOKEN": TOKEN}

Series = dict[tuple[tuple[str, str], ...], float]
"""Values by labels, of which `__name__` is one; those of the scrape are left out."""


@contextlib.asynccontextmanager
async def configured(folder: Path) -> AsyncIterator[str]:
    """The flag that names a configuration of two simulated metros, which are polled once."""
    async with contextlib.AsyncExitStack() as stack:
        simulators = [Simulator("mixture", metro=name, token=TOKEN) for name in METROS]
        urls = [str(await stack.enter_async_context(serve(s.app))) for s in simulators]
        metros = [{"name": n, "url": u} for n, u in zip(METROS, urls, strict=True)]
        account = {"name": "default", "token_env": "UKC_TOKEN", "metros": metros}
        file = folder / "exporter.yaml"
        file.write_text(json.dumps({"interval": "1h", "accounts": [account]}))
        yield f"--config.file={file}"


@contextlib.asynccontextmanager
async def exporting(folder: Path) -> AsyncIterator[str]:
    """The URL of an exporter that has polled once, and does not poll again."""
    async with (
        configured(folder) as flag,
        running(flag, "--web.listen-address=127.0.0.1:0", variables=VARIABLES) as process,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        url = await process.url()
        await until(lambda: http.get(f"{url}/-/ready"), lambda answer: answer.is_success)
        yield url


async def fetched(url: str) -> str:
    """Its page in the text format."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"{url}/metrics")).text


def of_page(text: str) -> Series:
    """The exporter's series of a page in the text format, without those of its process."""
    families = text_string_to_metric_families(text)
    return _series(
        ({**s.labels, "__name__": s.name}, s.value)
        for family in families
        for s in family.samples
        if s.name.startswith("ukc_")
    )


async def of_job(engine: Prometheus, job: str) -> Series:
    """The same of what a Prometheus, or who answers like one, has scraped as a job."""
    query = f'{{job="{job}", __name__=~"ukc_.+"}}'
    found = (await engine.get("query", query=query))["result"]
    return _series((r["metric"], float(r["value"][1])) for r in found if "value" in r)


def _series(samples: Iterable[tuple[Mapping[str, str], float]]) -> Series:
    return {tuple(sorted(_compared(labels))): value for labels, value in samples}


def _compared(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in labels.items():
        if value and name not in ("job", "instance"):
            # Go writes the bound 1.0 as 1.
            yield name, str(float(value)) if name == "le" else value
