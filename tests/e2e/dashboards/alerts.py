"""The alerts of a world as Prometheus writes them, so that no rule has to be evaluated."""

from collections.abc import Iterator

from exporter.judgement import REASONS
from tests.e2e.dashboards import worlds
from tests.e2e.dashboards.truth import DAY
from tests.e2e.dashboards.worlds import NOW, World

_ALERTS = {reason.name: reason.alert for reason in REASONS}


def _written(labels: dict[str, str], since: float) -> Iterator[str]:
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    yield f'ALERTS{{{inside},alertstate="firing"}} 1 {NOW:.0f}'
    yield f"ALERTS_FOR_STATE{{{inside}}} {since} {NOW:.0f}"


def firing(job: str, world: World) -> Iterator[str]:
    """One for each reason of each certificate since a day, and one of a metro since ten minutes."""
    own = {"job": job}
    for (account, metro, name), reasons in worlds.reasons(world).items():
        domain = worlds.seen(world)[account, metro, name].common_name
        where = {"account": account, "metro": metro, "name": name, "common_name": domain}
        for reason, severity in reasons.items():
            what = {"alertname": _ALERTS[reason], "severity": severity}
            yield from _written(own | what | where, NOW - DAY)
    stale = {"alertname": "UKCDataStale", "severity": "warning"}
    yield from _written(own | stale | {"account": "default", "metro": "dal0"}, NOW - 600)
