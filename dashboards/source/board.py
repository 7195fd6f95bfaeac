"""What every dashboard has in common."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from .links import Target

#: Opened by Grafana 10.4 and newer; a newer one migrates it upwards when it loads it.
SCHEMA = 39


def board(target: Target, title: str, about: str) -> Dashboard:
    """An empty dashboard, refreshed every minute.

    Whoever imports it may edit it; what is provisioned cannot be saved, for its provider says so.
    """
    new = (
        Dashboard(title)
        .uid(target.uid)
        .description(about)
        .tags(["ukc", "certificates", "tls"])
        .editable()
        .timezone("browser")
        .time(target.begins, "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    new.build().schema_version = SCHEMA
    return new
