"""The compose stack's own files, run by the programs that the containers hold."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.alerts.alertmanager import alertmanager, alertmanager_program
from tests.alerts.rules import RULE_FILES
from tests.e2e.programs import Prometheus, free_port, prometheus, until
from tests.world.compose_files import mounted, services
from tests.world.processes import running
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

SECONDS = 300.0
"""How long an alert may take: a scrape, an evaluation, a minute's `for` and the group's wait."""


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


def addressed(service: str, path: str, **addresses: str) -> str:
    """The file that a service finds there, with nothing but addresses replaced."""
    text = mounted(service, path).read_text("utf-8")
    for old, new in addresses.items():
        assert old in text, f"{path}: {old}"
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


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """Everything but Grafana."""
    need("prometheus", alertmanager_program())
    command = [a.replace(":10843", "127.0.0.1:0") for a in services()["exporter"]["command"]]
    port = free_port()
    async with contextlib.AsyncExitStack() as life:
        exporter = await life.enter_async_context(running(*command))
        receiver = await life.enter_async_context(receiving(port))
        example = addressed(
            "alertmanager",
            "/etc/alertmanager/alertmanager.yml",
            **{"127.0.0.1:9099": f"127.0.0.1:{port}"},
        )
        alerts = await life.enter_async_context(alertmanager(tmp_path, example))
        configuration = addressed(
            "prometheus",
            "/etc/prometheus/prometheus.yml",
            **{
                "exporter:10843": (await exporter.url()).removeprefix("http://"),
                "alertmanager:9093": alerts.address,
                "/etc/prometheus/rules": str(mounted("prometheus", "/etc/prometheus/rules")),
            },
        )
        yield Stack(await life.enter_async_context(prometheus(tmp_path, configuration)), receiver)


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
