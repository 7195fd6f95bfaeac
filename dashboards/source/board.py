"""What every dashboard has in common."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

#: Opened by Grafana 10.3 and newer; a newer one migrates it upwards when it loads it.
SCHEMA = 39


def board(uid: str, title: str, about: str) -> Dashboard:
    """An empty dashboard of the last day, refreshed every minute, that nobody edits in place."""
    new = (
        Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["ukc", "certificates", "tls"])
        .readonly()
        .timezone("browser")
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    new.build().schema_version = SCHEMA
    return new
