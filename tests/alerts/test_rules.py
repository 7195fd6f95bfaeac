"""The shipped rules and the Alertmanager example, judged by their own tools."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.alerts.peers import PROMTOOLS
from tests.alerts.rules import ALERTMANAGER, RULE_FILES
from tests.world.tools import need

pytestmark = pytest.mark.e2e


def run(*command: str | Path) -> str:
    """What a program says; it fails the test where the program fails."""
    need(str(command[0]))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("program", PROMTOOLS.values(), ids=[*PROMTOOLS])
def test_promtool_accepts_the_rules(program: str) -> None:
    """No duplicate rules, and nothing that either version does not know."""
    said = run(program, "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)

    assert len(RULE_FILES) == said.count("SUCCESS")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        pytest.param({"alertname": "UKCExporterDown", "severity": "critical"}, "pager", id="down"),
        pytest.param(
            {"alertname": "UKCCertificateExpired", "severity": "critical"}, "pager", id="expired"
        ),
        pytest.param(
            {"alertname": "UKCCertificateExpired", "severity": "warning"}, "chat", id="unused"
        ),
        pytest.param({"alertname": "UKCDataStale", "severity": "warning"}, "chat", id="stale"),
        pytest.param(
            {"alertname": "UKCOmittedCertificates", "severity": "critical"}, "pager", id="unnamed"
        ),
        pytest.param(
            {"alertname": "UKCCertificateUnused", "severity": "info"}, "digest", id="info"
        ),
        pytest.param({"alertname": "SomebodyElses", "severity": "critical"}, "chat", id="other"),
    ],
)
def test_routes(labels: dict[str, str], receiver: str) -> None:
    """Each severity reaches its receiver."""
    command = ("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}")

    assert receiver == run(*command, *(f"{k}={v}" for k, v in labels.items())).strip()


def test_amtool_accepts_the_example() -> None:
    """The configuration to copy from is one."""
    assert "SUCCESS" in run("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("severity", ["critical", "warning"])
@pytest.mark.parametrize(
    "name",
    [
        "UKCCertificateExpired",
        "UKCCertificateExpiryImminent",
        "UKCCertificateRenewalOverdue",
        "UKCCertificateExpiringSoon",
        "UKCOmittedCertificates",
    ],
)
def test_expiry_is_repeated_daily(name: str, severity: str) -> None:
    """The route that takes it repeats it after a day."""
    route = yaml.safe_load(ALERTMANAGER.read_text())["route"]
    taken = next(
        child
        for child in route["routes"]
        if all(
            re.fullmatch(r'(\w+)=~?"(.+)"', matcher)
            and re.fullmatch(
                matcher.split('"')[1],
                {"alertname": name, "severity": severity}[re.match(r"\w+", matcher)[0]],  # type: ignore[index]
            )
            for matcher in child["matchers"]
        )
    )

    assert taken["repeat_interval"] == "24h"
    assert route["group_by"] == ["cluster", "account", "metro"]
