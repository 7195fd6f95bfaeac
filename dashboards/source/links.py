"""Links between the dashboards, which carry what was chosen but never narrow the fleet."""

from typing import Any

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

FLEET = ("ukc-certificates", "Fleet")
CERTIFICATE = ("ukc-certificate", "Certificate")
EXPORTER = ("ukc-exporter", "Exporter and API")

_CHOSEN = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "cluster", "job"))
_WHERE = "&".join(f"${{{name}:queryparam}}" for name in ("account", "metro"))


def to(target: tuple[str, str]) -> DashboardLink:
    """A link at the top. It leaves out the certificate and the replica: a fleet overview that
    silently shows one of them would read as "all is well"."""
    uid, title = target
    link = (
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .icon("dashboard")
        .tooltip(f"{title}, with the same data source, job, account and metro")
        .url(f"/d/{uid}?{_CHOSEN}&{_WHERE}")
        .keep_time(True)
    )
    # Newer schemas would move it into a menu.
    link.build().placement = None  # type: ignore[assignment]
    return link


def detail() -> list[dict[str, Any]]:
    """From a table's row to its certificate. `search` makes the list of names begin there."""
    fields = "&".join(
        f"var-{name}=${{__data.fields.{name}:percentencode}}"
        for name in ("account", "metro", "name")
    )
    search = "var-search=${__data.fields.name:percentencode}"
    url = f"/d/{CERTIFICATE[0]}?{_CHOSEN}&{fields}&{search}&${{__url_time_range}}"
    return [{"title": "Open this certificate", "url": url, "targetBlank": False}]


def metro() -> list[dict[str, Any]]:
    """From a table's row to the fleet of its metro."""
    fields = "&".join(
        f"var-{name}=${{__data.fields.{name}:percentencode}}" for name in ("account", "metro")
    )
    url = f"/d/{FLEET[0]}?{_CHOSEN}&{fields}&${{__url_time_range}}"
    return [{"title": "Certificates of this metro", "url": url, "targetBlank": False}]
