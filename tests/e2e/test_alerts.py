"""From the simulated platform to a webhook: exporter, Prometheus and Alertmanager are real."""

import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from exporter.simulator import Clock, Scenario, Simulator, serve
from exporter.simulator.world.scenario import Group
from tests.alerts.alertmanager import Receiver, alertmanager, example
from tests.alerts.peers import ALERTMANAGER_25, PROMETHEUS_2
from tests.alerts.rules import RULE_FILES
from tests.alerts.shortened import shortened, shortened_rules
from tests.e2e.programs import Prometheus, free_port, prometheus, until
from tests.world.leaks import MARK
from tests.world.processes import running
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

TOKEN = f"ZTJl{MARK}="
HOUR = 3600
TROUBLED = Scenario(
    certificates=(
        Group("app-{n}.example.com", count=3),
        Group("expired.example.com", "expired", source="upload", lifetime="1y", expires_in="-3d"),
        Group("*.example.com", "forgotten", source="upload", lifetime="1y", expires_in="9d"),
        Group("*.example.org", "late", source="upload", lifetime="1y", expires_in="5d"),
    )
)


class Stack(NamedTuple):
    """What a test looks at, and the two metros that it changes."""

    fra0: Simulator
    fra0_goes: contextlib.AsyncExitStack
    fra0_port: int
    receiver: Receiver
    prometheus: Prometheus

    async def sent(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """The alerts that reached the receiver with this status and these labels, once any did."""

        async def look() -> list[dict[str, Any]]:
            return [
                alert
                for alert in self.receiver.alerts(status)
                if labels.items() <= alert["labels"].items()
            ]

        return await until(look, bool)

    def names(self, status: str, **labels: str) -> set[str]:
        """The names of the alerts that have reached the receiver so far."""
        return {
            alert["labels"]["alertname"]
            for alert in self.receiver.alerts(status)
            if labels.items() <= alert["labels"].items()
        }


@contextlib.asynccontextmanager
async def stack(folder: Path) -> AsyncIterator[Stack]:
    """A troubled metro and a healthy one, and everything from there to a webhook."""
    clock = Clock(start=time.time() - HOUR)
    fra0 = Simulator(TROUBLED, metro="fra0", token=TOKEN, clock=clock)
    dal0 = Simulator("healthy", metro="dal0", token=TOKEN, clock=clock)
    async with contextlib.AsyncExitStack() as ends:
        fra0_goes = await ends.enter_async_context(contextlib.AsyncExitStack())
        port = free_port()
        await fra0_goes.enter_async_context(serve(fra0.app, port=port))
        metros = {
            "fra0": f"http://127.0.0.1:{port}",
            "dal0": str(await ends.enter_async_context(serve(dal0.app))),
        }
        receiver = await ends.enter_async_context(Receiver().serving())
        manager = await ends.enter_async_context(alertmanager(folder, example(receiver.url)))
        path = folder / "exporter.yaml"
        path.write_text(exporter_configuration(metros))
        process = await ends.enter_async_context(
            running(
                f"--config.file={path}",
                "--web.listen-address=127.0.0.1:0",
                variables={"UKC_TOKEN": TOKEN},
            )
        )
        target = (await process.url()).removeprefix("http://")
        configuration = prometheus_configuration(target, manager.address, shortened_rules(folder))
        server = await ends.enter_async_context(prometheus(folder, configuration))
        yield Stack(fra0, fra0_goes, port, receiver, server)


def exporter_configuration(metros: dict[str, str]) -> str:
    """Polls twice a second; a metro is withdrawn after three seconds without an answer."""
    entries = [{"name": name, "url": url} for name, url in metros.items()]
    account = {"name": "default", "token_env": "UKC_TOKEN", "metros": entries}
    return yaml.safe_dump(
        {"interval": "500ms", "timeout": "2s", "stale_after": "3s", "accounts": [account]}
    )


def prometheus_configuration(target: str, manager: str, rule_files: list[str]) -> str:
    """Scrapes and evaluates twice a second; the job is the README's."""
    return json.dumps(
        {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": rule_files,
            "scrape_configs": [
                {
                    "job_name": "ukc-certificate-exporter",
                    "static_configs": [{"targets": [target]}],
                }
            ],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
        }
    )


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_only_the_waits_are_shortened(path: Path) -> None:
    """Put back, the shortened file is the shipped one, and no wait was overlooked."""
    shipped = path.read_text()
    waits = iter(re.findall(r"^ +for: .+$", shipped, re.MULTILINE))

    restored = shortened(shipped).replace("ukc_up[3s]", "ukc_up[5m]")
    assert shipped == re.sub(r"(?m)^ +for: \d+ms$", lambda _: next(waits), restored)
    assert list(waits) == []


async def test_from_the_platform_to_a_person(tmp_path: Path) -> None:
    """Expiry and a failed validation page; a metro that goes pages, and takes no expiry along."""
    need(PROMETHEUS_2, ALERTMANAGER_25)
    async with stack(tmp_path) as world:
        # Standing trouble: each to its receiver, each once, with its text.
        (expired,) = await world.sent("firing", alertname="UKCCertificateExpired")
        assert {"critical", "expired"} == {expired["labels"][k] for k in ("severity", "name")}
        assert "Clients refuse to connect to" in expired["annotations"]["description"]
        (soon,) = await world.sent("firing", alertname="UKCCertificateExpiringSoon")
        assert soon["labels"]["common_name"] == "*.example.com"
        (late,) = await world.sent("firing", alertname="UKCCertificateExpiryImminent")
        assert late["labels"]["common_name"] == "*.example.org"

        # A DNS record that is missing: three attempts fail, half an hour later the fourth is good.
        requested = world.fra0.request("new.example.net", "90d", "shop")
        world.fra0.fail_next_validation(requested.name, 3)
        world.fra0.advance(HOUR / 4)
        (pending, *_) = await world.sent(
            "firing", alertname="UKCCertificateIssuancePending", severity="critical"
        )
        text = pending["annotations"]["description"]
        assert f"The certificate {requested.name} for new.example.net (account default," in text
        assert "Services that use it cannot be reached over TLS until it is." in text
        world.fra0.advance(HOUR / 2)
        await world.sent("resolved", alertname="UKCCertificateIssuancePending", severity="critical")

        # The API goes: the metro pages. Its series are withdrawn, the expiry alerts are not.
        await world.fra0_goes.aclose()
        await world.sent("firing", alertname="UKCMetroUnreachable", severity="critical")
        withdrawn = 'absent(ukc_certificate_info{metro="fra0"})'
        await until(lambda: world.prometheus.query(withdrawn), bool)
        firing = 'count by (alertname) (ALERTS{alertstate="firing", metro="fra0", name!=""})'
        assert await world.prometheus.query(firing) == {
            ("UKCCertificateExpired",): 1,
            ("UKCCertificateExpiringSoon",): 1,
            ("UKCCertificateExpiryImminent",): 1,
        }

        # It comes back: the metro resolves, and it was at no time said that a certificate is well.
        async with serve(world.fra0.app, port=world.fra0_port):
            await world.sent("resolved", alertname="UKCMetroUnreachable", severity="critical")
            await until(lambda: world.prometheus.query(f"{withdrawn} or vector(0)"), bool)
            expiry = {
                "UKCCertificateExpired",
                "UKCCertificateExpiringSoon",
                "UKCCertificateExpiryImminent",
            }
            assert set() == expiry & world.names("resolved")
            assert set() == world.names("firing", metro="dal0")
