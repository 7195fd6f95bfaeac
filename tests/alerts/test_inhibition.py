"""What the Alertmanager example mutes, shown by a real Alertmanager."""

from collections.abc import AsyncIterator

import pytest

from tests.alerts.alertmanager import Alertmanager, alertmanager, example
from tests.alerts.peers import ALERTMANAGER_25, ALERTMANAGER_33
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

METRO = {"job": "ukc-certificate-exporter", "account": "acme", "metro": "fra0"}
API = {"name": "api", "common_name": "api.example.com"}


def alert(alertname: str, severity: str = "warning", **labels: str) -> dict[str, str]:
    """An alert about the certificate `api` in `fra0`; an empty label is left out."""
    own = API if alertname.startswith("UKCCertificate") and "Skipped" not in alertname else {}
    every = {"alertname": alertname, "severity": severity, **METRO, **own, **labels}
    return {label: value for label, value in every.items() if value}


UNREACHABLE = alert("UKCMetroUnreachable", "critical")
EXPIRED = alert("UKCCertificateExpired", "critical")
ERROR = alert("UKCCertificateError")
OTHER = {"name": "shop", "common_name": "shop.example.com"}

CASES = [
    pytest.param(UNREACHABLE, alert("UKCDataStale"), True, id="unreachable mutes stale"),
    pytest.param(UNREACHABLE, alert("UKCCertificatesSkipped"), True, id="and skipped"),
    pytest.param(alert("UKCUnauthorized", "critical"), alert("UKCDataStale"), True, id="a token"),
    pytest.param(alert("UKCRateLimited"), alert("UKCDataStale"), True, id="a rate limit"),
    pytest.param(
        alert("UKCMetroUnreachable", shard="1"),
        alert("UKCDataStale", shard="1"),
        True,
        id="a shard mutes its own",
    ),
    pytest.param(
        alert("UKCMetroUnreachable", shard="1"),
        alert("UKCDataStale", shard="2"),
        False,
        id="never another shard's",
    ),
    pytest.param(
        UNREACHABLE, alert("UKCDataStale", metro="dal0"), False, id="never another metro's"
    ),
    pytest.param(
        UNREACHABLE, alert("UKCDataStale", account="other"), False, id="nor another account's"
    ),
    pytest.param(
        UNREACHABLE, alert("UKCDataStale", cluster="two"), False, id="nor another cluster's"
    ),
    *(
        pytest.param(UNREACHABLE, alert(name, severity), False, id=f"never {name} {severity}")
        for name, severity in (
            ("UKCCertificateExpired", "critical"),
            ("UKCCertificateExpired", "warning"),
            ("UKCCertificateExpiryImminent", "critical"),
            ("UKCCertificateRenewalOverdue", "warning"),
            ("UKCCertificateExpiringSoon", "warning"),
            ("UKCCertificateError", "critical"),
        )
    ),
    *(
        pytest.param(EXPIRED, alert(name), True, id=f"expired mutes {name}")
        for name in (
            "UKCCertificateExpiryImminent",
            "UKCCertificateRenewalOverdue",
            "UKCCertificateExpiringSoon",
            "UKCCertificateIssuancePending",
            "UKCCertificateValidationRetrying",
            "UKCCertificateError",
            "UKCCertificateExpiryUnknown",
            "UKCCertificateNotYetValid",
            "UKCCertificateUnused",
        )
    ),
    pytest.param(EXPIRED, alert("UKCCertificateError", **OTHER), False, id="never another's"),
    pytest.param(EXPIRED, alert("UKCCertificateError", metro="dal0"), False, id="elsewhere"),
    pytest.param(
        EXPIRED, alert("UKCCertificateDrift", metro="", name=""), False, id="nor that metros differ"
    ),
    pytest.param(EXPIRED, alert("UKCCertificatesSkipped"), False, id="nor skipped ones"),
    pytest.param(ERROR, alert("UKCCertificateRenewalOverdue"), True, id="error mutes overdue"),
    pytest.param(ERROR, alert("UKCCertificateExpiryImminent", "critical"), False, id="never time"),
    pytest.param(
        alert("UKCCertificateIssuancePending"),
        alert("UKCCertificateValidationRetrying"),
        True,
        id="pending mutes retrying",
    ),
    pytest.param(UNREACHABLE, alert("UKCMetroUnreachable"), True, id="critical mutes its warning"),
    pytest.param(
        UNREACHABLE, alert("UKCMetroUnreachable", metro="dal0"), False, id="of one metro only"
    ),
    pytest.param(
        alert("UKCMetroUnreachable", "critical", shard="1"),
        alert("UKCMetroUnreachable", shard="2"),
        False,
        id="of one shard only",
    ),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the module, so that one Alertmanager serves all cases."""
    return "asyncio"


@pytest.fixture(scope="module", params=[ALERTMANAGER_25, ALERTMANAGER_33], ids=["0.25", "0.33"])
async def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Alertmanager]:
    """An Alertmanager with the example; nobody receives what it sends."""
    need(request.param)
    async with alertmanager(
        tmp_path_factory.mktemp("am"), example("http://127.0.0.1:9"), name=request.param
    ) as program:
        yield program


@pytest.mark.parametrize(("source", "target", "muted"), CASES)
async def test_example_inhibits(
    running: Alertmanager,
    request: pytest.FixtureRequest,
    source: dict[str, str],
    target: dict[str, str],
    *,
    muted: bool,
) -> None:
    """Each pair fires in accounts of its own, so that no case meets another."""
    case = request.node.callspec.id
    source, target = ({**one, "account": f"{one['account']} {case}"} for one in (source, target))

    await running.fire([source, target])

    assert ("suppressed" if muted else "active") == await running.state(target)
    assert await running.state(source) == "active"
