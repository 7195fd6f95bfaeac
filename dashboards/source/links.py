"""Links between the dashboards, and to the runbook.

One that leaves its dashboard opens the target over that one's own time range: the fleet is looked
at for a day, a certificate for a month.
"""

import dataclasses
from typing import Any

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from .severities import RUNBOOK


@dataclasses.dataclass(frozen=True)
class Target:
    """A dashboard of ours: its address, its name in a menu, and how far it looks back."""

    uid: str
    title: str
    begins: str


FLEET = Target("ukc-certificates", "Fleet", "now-24h")
CERTIFICATE = Target("ukc-certificate", "Certificate", "now-30d")
EXPORTER = Target("ukc-exporter", "Exporter and API", "now-24h")

#: What Grafana calls all values, as an address has it.
EVERY = "%24__all"
#: The value of a severity that is none, likewise.
NONE = "ok%7C"

_SOURCE = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "cluster", "job"))
_ACCOUNT, _METRO, _SEARCH = (f"${{{n}:queryparam}}" for n in ("account", "metro", "search"))


def address(target: Target, *parameters: str, stays: bool = False) -> str:
    """The target with these parameters; over what somebody chose if it is the same dashboard."""
    span = "${__url_time_range}" if stays else f"from={target.begins}&to=now"
    return f"/d/{target.uid}?{'&'.join((_SOURCE, *parameters, span))}"


def to(target: Target) -> DashboardLink:
    """A link at the top. It leaves out the certificate and the replica: a fleet overview that
    silently shows one of them would read as "all is well"."""
    link = (
        DashboardLink(target.title)
        .type(DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip(f"{target.title}, with the same data source, job, account and metro")
        .url(address(target, _ACCOUNT, _METRO))
        .keep_time(False)
    )
    # Newer schemas would move it into a menu.
    link.build().placement = None  # type: ignore[assignment]
    return link


def _link(title: str, url: str, *, new_tab: bool = False) -> list[dict[str, Any]]:
    return [{"title": title, "url": url, "targetBlank": new_tab}]


def _field(name: str) -> str:
    return f"${{__data.fields.{name}:percentencode}}"


def certificate() -> list[dict[str, Any]]:
    """From a table's row to its domain. `search` makes the list of domains begin there."""
    domain = _field("common_name")
    row = (f"var-account={_field('account')}", f"var-search={domain}", f"var-domain={domain}")
    return _link("Open this domain", address(CERTIFICATE, *row))


def metro(target: Target, *, stays: bool = False) -> list[dict[str, Any]]:
    """From a table's row to what a dashboard shows of its metro."""
    row = (f"var-{name}={_field(name)}" for name in ("account", "metro"))
    return _link(f"{target.title}: this metro", address(target, *row, stays=stays))


def counted(severity: str, reason: str = EVERY) -> list[dict[str, Any]]:
    """From a number of the fleet to the rows that it counts."""
    chosen = (_ACCOUNT, _METRO, _SEARCH, f"var-severity={severity}", f"var-reason={reason}")
    return _link("Show these in the table", address(FLEET, *chosen, stays=True))


def exporter() -> list[dict[str, Any]]:
    """From a number about what is seen to the exporter's dashboard."""
    return _link("Open Exporter and API", address(EXPORTER, _ACCOUNT, _METRO))


def runbook() -> list[dict[str, Any]]:
    """From a table's row to its section of the runbook; the hidden column has its anchor."""
    return _link("Runbook", f"{RUNBOOK}#${{__data.fields.runbook}}", new_tab=True)
