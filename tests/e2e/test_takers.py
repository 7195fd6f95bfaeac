"""What else takes the exporter's series: vmagent, a Pushgateway, node_exporter's textfiles."""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.alerts.peers import NODE_EXPORTER, PUSHGATEWAY, VICTORIA_METRICS, VMAGENT
from tests.e2e.programs import Prometheus, listening, until
from tests.e2e.series import VARIABLES, Series, configured, exporting, fetched, of_job, of_page
from tests.world.processes import Done, run
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

DAYS: Final = "ukc_certificates_expiry_days"


async def once(folder: Path) -> Done:
    """A collection of two metros."""
    async with configured(folder) as flag:
        return await run("once", flag, variables=VARIABLES)


def without_sum(series: Series) -> Series:
    """Without the sum of a histogram that has none: Go's library writes it as 0."""
    return {s: v for s, v in series.items() if dict(s)["__name__"] != f"{DAYS}_sum"}


async def test_vmagent_scrapes(tmp_path: Path) -> None:
    """VictoriaMetrics has each series that it sends on."""
    need(VMAGENT, VICTORIA_METRICS)
    storage = (
        VICTORIA_METRICS,
        f"-storageDataPath={tmp_path / 'data'}",
        "-search.latencyOffset=0s",
        # Else a new series is found ten seconds late.
        "-storage.cacheSizeIndexDBTagFilters=1",
    )
    async with (
        exporting(tmp_path) as url,
        listening(storage, "-httpListenAddr", "/health", tmp_path) as http,
    ):
        targets = [{"targets": [url.removeprefix("http://")]}]
        scraped = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "ukc", "static_configs": targets}],
        }
        file = tmp_path / "scrape.yml"
        file.write_text(json.dumps(scraped))
        agent = (
            VMAGENT,
            f"-promscrape.config={file}",
            f"-remoteWrite.url={str(http.base_url).rstrip('/')}/api/v1/write",
            f"-remoteWrite.tmpDataPath={tmp_path / 'queue'}",
            "-remoteWrite.flushInterval=100ms",
        )
        want = of_page(await fetched(url))
        async with listening(agent, "-httpListenAddr", "/health", tmp_path):
            got = await until(
                lambda: of_job(Prometheus(http), "ukc"), lambda seen: len(seen) >= len(want)
            )

    # VictoriaMetrics keeps twelve digits.
    assert got == pytest.approx(want, rel=1e-9)


async def test_a_pushgateway_takes_once(tmp_path: Path) -> None:
    """Beside its own metrics, and a second time."""
    need(PUSHGATEWAY)
    done = await once(tmp_path)
    async with listening((PUSHGATEWAY,), "--web.listen-address", "/-/ready", tmp_path) as http:
        for _ in range(2):
            answer = await http.put("/metrics/job/ukc", content=done.out.encode())
            assert (answer.status_code, answer.text) == (200, "")
        page = (await http.get("/metrics")).text

    assert (done.code, of_page(done.out)) == (0, without_sum(of_page(page)))
    assert "\ngo_goroutines " in page
    assert 'push_failure_time_seconds{instance="",job="ukc"} 0\n' in page


async def test_node_exporter_takes_once(tmp_path: Path) -> None:
    """As a textfile, beside its own metrics."""
    need(NODE_EXPORTER)
    done = await once(tmp_path)
    (tmp_path / "ukc.prom").write_text(done.out)
    command = (
        NODE_EXPORTER,
        "--collector.disable-defaults",
        "--collector.textfile",
        f"--collector.textfile.directory={tmp_path}",
    )
    async with listening(command, "--web.listen-address", "/metrics", tmp_path) as http:
        answer = await http.get("/metrics")

    assert (done.code, answer.status_code) == (0, 200)
    assert of_page(done.out) == without_sum(of_page(answer.text))
    assert "\nnode_textfile_scrape_error 0\n" in answer.text
    assert "\nprocess_cpu_seconds_total " in answer.text
    # Of two samples of one name it serves the first, and says so here alone.
    assert "error gathering" not in (tmp_path / f"{NODE_EXPORTER}.log").read_text()
