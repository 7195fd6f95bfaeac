"""A real Prometheus scrapes a real exporter that polls simulated metros over HTTP."""

import contextlib
from pathlib import Path

import pytest

from exporter.api.items import MAX_TEXT_CHARACTERS
from exporter.simulator import Simulator, serve
from tests.alerts.peers import PROMETHEUSES
from tests.e2e.programs import prometheus, until
from tests.world.api import ScriptedApi, http
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import running
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

TOKEN = f"ZTJl{MARK}="
CONFIGURATION = """
interval: 500ms
timeout: 2s
stale_after: 15s
accounts:
  - name: default
    token_env: UKC_TOKEN
    metros:
"""
SCRAPE = """
scrape_configs:
  - job_name: ukc-certificate-exporter
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{{targets: ['{target}']}}]
"""


def exporter(folder: Path, metros: dict[str, str]) -> tuple[str, str]:
    """The arguments of an exporter of these metros."""
    path = folder / "exporter.yaml"
    entries = "".join(f"      - {{name: {n}, url: '{url}'}}\n" for n, url in metros.items())
    path.write_text(CONFIGURATION + entries)
    return f"--config.file={path}", "--web.listen-address=127.0.0.1:0"


async def test_scraped_and_a_metro_that_goes_away(tmp_path: Path) -> None:
    """Its certificates stay until they are stale; those of the others do not go."""
    need("prometheus")
    names = ("fra0", "dal0", "sin0")
    simulators = {n: Simulator("mixture", metro=n, token=TOKEN) for n in names}
    counts = {(n,): float(len(s.certificates())) for n, s in simulators.items()}
    async with contextlib.AsyncExitStack() as stack, contextlib.AsyncExitStack() as dallas:
        metros = {}
        for name, simulator in simulators.items():
            owner = dallas if name == "dal0" else stack
            metros[name] = str(await owner.enter_async_context(serve(simulator.app)))
        arguments = exporter(tmp_path, metros)
        process = await stack.enter_async_context(
            running(*arguments, variables={"UKC_TOKEN": TOKEN})
        )
        target = (await process.url()).removeprefix("http://")
        scraper = await stack.enter_async_context(
            prometheus(tmp_path, SCRAPE.format(target=target))
        )

        async def up() -> dict[tuple[str, ...], float]:
            return await scraper.query("sum by (metro) (ukc_up)")

        async def certificates() -> dict[tuple[str, ...], float]:
            return await scraper.query("count by (metro) (ukc_certificate_info)")

        await until(up, lambda seen: seen == {("fra0",): 1, ("dal0",): 1, ("sin0",): 1})
        assert counts == await until(certificates, lambda seen: len(seen) == 3)
        days = await scraper.query('ukc_certificate_expiry_days{metro="fra0"}')
        known = [c for c in simulators["fra0"].certificates() if c.not_after is not None]
        assert {("default", c.common_name, "fra0", c.name) for c in known} == set(days)

        await dallas.aclose()
        await until(up, lambda seen: seen == {("fra0",): 1, ("dal0",): 0, ("sin0",): 1})
        assert counts == await certificates()
        fresh = {key: count for key, count in counts.items() if key != ("dal0",)}
        assert fresh == await until(certificates, lambda seen: ("dal0",) not in seen)
        assert await up() == {("fra0",): 1, ("dal0",): 0, ("sin0",): 1}
        targets = await scraper.get("targets")
        assert [target["health"] for target in targets["activeTargets"]] == ["up"]


HOSTILE = ("a\0b", "\u2028\x85\x1c\x0b\r", 'quo"te\\ne\nw', "\u202e\U0001f510", "x" * 1_000_000)


@pytest.mark.parametrize("version", PROMETHEUSES)
async def test_hostile_names_do_not_spoil_the_scrape(tmp_path: Path, version: str) -> None:
    """Prometheus' own parser reads what is said of them, and of their neighbour."""
    program = PROMETHEUSES[version]
    need(program)
    names = [*HOSTILE, "neighbour"]
    api = ScriptedApi(http(200, body(*(item(uuid=str(n), name=n) for n in names))))
    async with (
        api.serving() as url,
        running(*exporter(tmp_path, {"fra0": url}), variables={"UKC_TOKEN": TOKEN}) as process,
    ):
        target = (await process.url()).removeprefix("http://")
        async with prometheus(tmp_path, SCRAPE.format(target=target), name=program) as scraper:
            seen = await until(
                lambda: scraper.query("sum by (name) (ukc_certificate_info)"), lambda seen: seen
            )

    # A name and a uuid of a million characters cost their certificate.
    assert seen == {(name,): 1 for name in names if len(name) <= MAX_TEXT_CHARACTERS}
