"""The compose stack's own files, run by the programs that the containers hold."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.alerts.alertmanager import alertmanager
from tests.alerts.peers import ALERTMANAGER_25, ALERTMANAGER_33, PROMETHEUS_2, PROMETHEUS_3
from tests.alerts.rules import FOLDER, RULE_FILES
from tests.alerts.shortened import shortened_rules
from tests.e2e.programs import Prometheus, free_port, prometheus, until
from tests.world.compose_files import mounted, services
from tests.world.processes import running
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

SECONDS = 60.0
"""How long an alert may take before the test gives up: a bound, not an expectation."""

PATHS = {
    "alertmanager": "/etc/alertmanager/alertmanager.yml",
    "prometheus": "/etc/prometheus/prometheus.yml",
}


class Stack(NamedTuple):
    """What a test looks at."""

    prometheus: Prometheus
    receiver: asyncio.StreamReader

    async def told(self, *words: str) -> str:
        """The first line of the receiver that holds all these words."""
        async with asyncio.timeout(SECONDS):
            while line := (await self.receiver.readline()).decode():
                if all(word in line for word in words):
                    return line
        raise AssertionError("the receiver ended")


def configured(service: str, **replaced: str) -> str:
    """The configuration that a service finds, with nothing but addresses and waits replaced."""
    text = mounted(service, PATHS[service]).read_text("utf-8")
    for old, new in replaced.items():
        assert old in text, f"{service}: {old}"
        text = text.replace(old, new)
    return text


@contextlib.asynccontextmanager
async def receiving(port: int) -> AsyncIterator[asyncio.StreamReader]:
    """The receiver, as its container starts it."""
    program = str(mounted("receiver", services()["receiver"]["entrypoint"][1]))
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, f"127.0.0.1:{port}", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


@pytest.fixture(
    params=[(PROMETHEUS_2, ALERTMANAGER_25), (PROMETHEUS_3, ALERTMANAGER_33)],
    ids=["the oldest", "the pinned"],
)
async def stack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stack]:
    """Everything but Grafana."""
    need(*request.param)
    scraping, alerting = request.param
    command = [a.replace(":10843", "127.0.0.1:0") for a in services()["exporter"]["command"]]
    port = free_port()
    async with contextlib.AsyncExitStack() as life:
        exporter = await life.enter_async_context(running(*command))
        receiver = await life.enter_async_context(receiving(port))
        example = configured(
            "alertmanager",
            **{"127.0.0.1:9099": f"127.0.0.1:{port}", "group_wait: 30s": "group_wait: 1s"},
        )
        alerts = await life.enter_async_context(alertmanager(tmp_path, example, name=alerting))
        assert mounted("prometheus", "/etc/prometheus/rules") == FOLDER
        (tmp_path / "rules").mkdir()
        shortened_rules(tmp_path / "rules")
        configuration = configured(
            "prometheus",
            **{
                "exporter:10843": (await exporter.url()).removeprefix("http://"),
                "alertmanager:9093": alerts.address,
                "/etc/prometheus/rules": str(tmp_path / "rules"),
                "_interval: 15s": "_interval: 500ms",
            },
        )
        started = prometheus(tmp_path, configuration, name=scraping)
        yield Stack(await life.enter_async_context(started), receiver)


async def test_scraped_judged_and_told(stack: Stack) -> None:
    """The exporter is scraped, the rules are loaded, and an expired certificate is told."""

    async def jobs() -> dict[tuple[str, ...], float]:
        return await stack.prometheus.query('up{job="ukc-certificate-exporter"}')

    assert await until(jobs, lambda seen: seen == {(): 1.0}) == {(): 1.0}
    groups = (await stack.prometheus.get("rules"))["groups"]
    committed = [yaml.safe_load(path.read_text("utf-8"))["groups"] for path in RULE_FILES]
    assert {g["name"] for file in committed for g in file} == {g["name"] for g in groups}
    assert {"ok", "unknown"} >= {rule["health"] for group in groups for rule in group["rules"]}

    line = await stack.told("[pager]", "firing UKCCertificateExpired")

    assert "(demo, " in line


def test_the_first_page_comes_after_about_a_minute() -> None:
    """What the documentation says of the waits that the test above leaves out."""
    files = {name: yaml.safe_load(mounted(name, path).read_text()) for name, path in PATHS.items()}
    prometheus, route = files["prometheus"]["global"], files["alertmanager"]["route"]
    waits = {
        rule.get("for")
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "UKCCertificateExpired"
    }

    assert waits == {None}
    # A scrape, an evaluation, and the wait of the group.
    assert ["15s", "15s", "30s"] == [
        prometheus["scrape_interval"],
        prometheus["evaluation_interval"],
        route["group_wait"],
    ]
