"""The simulated worlds of the bench."""

from bench.fidelity.kinds import KINDS
from bench.fidelity.lifecycles import DAY, HOUR, METROS, Lifecycle, lifecycles, span
from bench.fidelity.recording import Absence, Outage, World
from exporter.simulator import KINDS as FAULTS
from exporter.simulator import Fault
from exporter.simulator.faults.faults import Kind
from exporter.simulator.world.scenario import Group

LONG = (
    "renewed",
    "issued",
    "renewed late",
    "renewal fails",
    "renewal stalls",
    "given up and mended",
    "never issued",
    "wildcard forgotten",
)
"""The kinds that take more than a month for certificates of 45 and 90 days."""


def short_world(count: int) -> World:
    """Every kind, with certificates of six days where the platform renews them."""
    stories = tuple(lifecycles(KINDS, count, ("6d",)))
    return World(METROS, stories, failed_scrapes=0.01, restarts=3)


def sharded_world(count: int) -> World:
    """The same on three shards, each of which is away for a while."""
    absences = (
        Absence(0, 10 * HOUR, 10 * HOUR + 30 * 60),
        Absence(1, 30 * HOUR, 31 * HOUR),
        Absence(2, 50 * HOUR, 50 * HOUR + 30 * 60),
    )
    return short_world(count)._replace(shards=3, absences=absences)


def long_world(count: int) -> World:
    """What takes longer, with certificates of 45 and 90 days."""
    kinds = {kind: KINDS[kind] for kind in LONG}
    stories = tuple(lifecycles(kinds, count, ("45d", "90d")))
    return World(("fra0",), stories, failed_scrapes=0.005, restarts=5)


def healthy_world() -> World:
    """A fleet in good health: 90, 45 and 6 days, in and out of use, and an uploaded wildcard."""
    groups = (
        Group("quarter-{n}.example.com", count=3, lifetime="90d"),
        Group("spare.example.com", lifetime="90d", service_groups=0),
        Group("half-{n}.example.com", count=2, lifetime="45d", renewal_attempts=2),
        Group("week-{n}.example.com", count=3, lifetime="6d"),
        Group("*.example.com", "wildcard", source="upload", lifetime="3y", expires_in="500d"),
    )
    return World(("fra0",), (Lifecycle("year", "example.com", groups),), restarts=12)


def _fault(kind: Kind) -> Fault:
    """One that makes polls fail, if its kind can: a metro that only trickles is given up."""
    return Fault(kind, seconds=0.05 if kind == "latency" else 3.0)


def outage_world(kinds: tuple[Kind, ...] = FAULTS) -> World:
    """A metro for each way in which the API fails, and expiries that happen meanwhile."""
    stories, outages = [], []
    for number, kind in enumerate(kinds):
        metro, domain = f"m{number}", f"{kind}.example.net"
        groups = tuple(
            Group(
                f"*.{domain}",
                name,
                source="upload",
                lifetime="1y",
                expires_in=span(expires_in),
                metros=(metro,),
            )
            for name, expires_in in (
                ("expires-meanwhile", 7.5 * HOUR),
                ("expires-soon", 20 * DAY),
                ("well", 200 * DAY),
            )
        )
        stories.append(Lifecycle(f"API: {kind}", domain, groups))
        outages.append(Outage(metro, 6 * HOUR, 8 * HOUR + 30 * 60, _fault(kind)))
    return World(tuple(o.metro for o in outages), tuple(stories), tuple(outages))
