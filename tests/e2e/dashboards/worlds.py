"""Simulated accounts and what a Prometheus that scraped their exporters holds of them.

Each world is a job of its own. Nothing runs: a page is written for each moment.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from exporter.simulator import SCENARIOS, Certificate, Clock, Simulator
from tests.e2e.dashboards import page, truth
from tests.e2e.dashboards.truth import DAY

#: 2025-11-26 23:30 UTC: tomorrow in Berlin, and still afternoon in New York. No sample is newer.
NOW: Final = 1764199800.0
METROS: Final = ("fra0", "dal0")
SCRAPES: Final = (NOW - 180, NOW - 120, NOW - 60, NOW)

Place = tuple[str, str]
"""Metro and name."""


@dataclasses.dataclass(frozen=True)
class Exporter:
    """One exporter; `unread` are the metros that it has not read for an hour.

    `series` says which certificates have series of their own: all of them, those that need
    `attention`, those of `one` metro only, or none. `gone` is one whose target no longer exists,
    `down` one that does not answer; `skipped` are the certificates of each metro that it could
    not read.
    """

    instance: str
    shard: int = 0
    series: str = "all"
    unread: tuple[str, ...] = ()
    gone: bool = False
    down: bool = False
    skipped: int = 0


@dataclasses.dataclass(frozen=True)
class World:
    """A scenario in two metros of each account, and its exporters; `shards` share it."""

    scenario: str
    exporters: tuple[Exporter, ...] = (Exporter("a:1"),)
    shards: int = 1
    accounts: tuple[str, ...] = ("default",)


WORLDS: Final[Mapping[str, World]] = {
    # A hundred thousand are for the bench; what counts is more than the table has room for.
    **{name: World(f"{name}:1000" if name == "large" else name) for name in SCENARIOS},
    "replicas": World("mixture", (Exporter("a:1"), Exporter("a:2"))),
    "outvoted": World("mixture", (Exporter("a:1"), Exporter("a:2", unread=("dal0",)))),
    "unread": World("mixture", (Exporter("a:1", unread=("dal0",)),)),
    "shards": World("mixture", tuple(Exporter(f"{n}:1", shard=n, skipped=n) for n in range(3)), 3),
    "shard unread": World(
        "mixture",
        tuple(Exporter(f"{n}:1", shard=n, unread=("dal0",) if n == 1 else ()) for n in range(3)),
        3,
    ),
    "shard gone": World(
        "mixture", tuple(Exporter(f"{n}:1", shard=n, gone=n == 2) for n in range(3)), 3
    ),
    "down": World("mixture", (Exporter("a:1", down=True),)),
    "accounts": World("mixture", accounts=("acme", "globex")),
    "series none": World("mixture", (Exporter("a:1", series="none"),)),
    "series attention": World("mixture", (Exporter("a:1", series="attention"),)),
    "series of one metro": World("mixture", (Exporter("a:1", series="fra0"),)),
}


@functools.cache
def certificates(scenario: str, metro: str, now: float = NOW) -> tuple[Certificate, ...]:
    """A metro's certificates, as the scenario has them at this moment."""
    simulator = Simulator(scenario, metro=metro, token="world:x", clock=Clock(start=now, speed=0))
    return tuple(simulator.certificates())


def answers(scenario: str, metro: str) -> bool:
    """Whether the scenario's metro gives its certificates at all."""
    clock = Clock(start=NOW, speed=0)
    return not Simulator(scenario, metro=metro, token="world:x", clock=clock).faults()


def of_shard(every: Sequence[Certificate], shard: int, shards: int) -> list[Certificate]:
    """A shard's share; certificates of one domain stay together."""
    domains = {domain: n for n, domain in enumerate(sorted({one.common_name for one in every}))}
    return [one for one in every if domains[one.common_name] % shards == shard]


def told(world: World, one: Exporter, metro: str) -> list[Certificate]:
    """What an exporter shows of a metro.

    The last look at one that it cannot read is from before all trouble: it must not outweigh that
    of a replica which reads.
    """
    if one.down or not answers(world.scenario, metro):
        return []
    every = of_shard(certificates(world.scenario, metro), one.shard, world.shards)
    if metro not in one.unread:
        return every
    reasons = truth.reasons(every, NOW)
    return [c for c in every if not reasons[c.name]][:-1]


@functools.cache
def seen(world: World) -> dict[tuple[str, str, str], Certificate]:
    """The certificates that are told of, by account, metro and name: by who reads the metro."""
    found: dict[tuple[str, str, str], Certificate] = {}
    for metro in METROS:
        for shard in range(world.shards):
            replicas = [e for e in world.exporters if e.shard == shard and not e.gone]
            readers = [one for one in replicas if metro not in one.unread] or replicas
            for account in world.accounts:
                for one in readers:
                    found |= {(account, metro, c.name): c for c in told(world, one, metro)}
    return found


def reasons(world: World) -> dict[tuple[str, str, str], truth.Reasons]:
    """The reasons of each of them."""
    found = {m: truth.reasons(certificates(world.scenario, m), NOW) for m in METROS}
    return {place: found[place[1]][place[2]] for place in seen(world)}


def _shown(one: Exporter, metro: str, every: Sequence[Certificate]) -> set[str]:
    if one.series == "attention":
        return {name for name, found in truth.reasons(every, NOW).items() if found}
    return {c.name for c in every} if one.series in {"all", metro} else set()


def _polled(world: World, one: Exporter, account: str, metro: str) -> page.Labels:
    """The labels of a metro's polls: those of several exporters say which of them polled."""
    labels: page.Labels = {"account": account, "metro": metro}
    return labels | ({"shard": one.shard} if world.shards > 1 else {})


def _metro(world: World, one: Exporter, account: str, metro: str) -> Iterator[str]:
    """What an exporter says of a metro."""
    labels: page.Labels = {"account": account, "metro": metro}
    polled = _polled(world, one, account, metro)
    if not answers(world.scenario, metro):
        yield from page.metro(polled, looked_at=None, reads=False, listed=0)
        return
    reads = metro not in one.unread
    looked_at = NOW if reads else NOW - 3600
    every = told(world, one, metro)
    yield from page.metro(
        polled, looked_at=looked_at, reads=reads, listed=len(every), skipped=one.skipped
    )
    yield from page.certificates(every, _shown(one, metro, every), labels, NOW)


def gauges(world: World, one: Exporter) -> Iterator[str]:
    """An exporter's page but for what it counts, and the scrape's own samples."""
    if one.down:
        yield page.sample("up", {}, 0)
        return
    yield from page.exporter(one.shard, world.shards, NOW)
    for account in world.accounts:
        for metro in METROS:
            yield from _metro(world, one, account, metro)


def counters(world: World, one: Exporter, now: float) -> Iterator[str]:
    """What an exporter counts."""
    if not one.down:
        yield from page.work(now)
        for account in world.accounts:
            for metro in METROS:
                labels = _polled(world, one, account, metro)
                reads = metro not in one.unread and answers(world.scenario, metro)
                yield from page.polls(labels, now, reads=reads)


def alerts(world: World) -> Iterator[str]:
    """The alerts of the certificates, as Prometheus writes them, and one of a metro."""
    by_reason = {"failed": "UKCCertificateError", "never_issued": "UKCCertificateIssuancePending"}
    for (account, metro, name), found in reasons(world).items():
        domain = seen(world)[account, metro, name].common_name
        for reason, severity in found.items():
            words = "".join(part.title() for part in reason.split("_"))
            labels: page.Labels = {
                "alertname": by_reason.get(reason, f"UKCCertificate{words}"),
                "severity": severity,
                "account": account,
                "metro": metro,
                "name": name,
                "common_name": domain,
            }
            yield page.sample("ALERTS", labels | {"alertstate": "firing"}, 1)
            yield page.sample("ALERTS_FOR_STATE", labels, NOW - DAY)
    stale: page.Labels = {"alertname": "UKCDataStale", "severity": "warning"}
    stale |= {"account": "default", "metro": "dal0"}
    yield page.sample("ALERTS", stale | {"alertstate": "firing"}, 1)
    yield page.sample("ALERTS_FOR_STATE", stale, NOW - 600)


def scraped() -> Iterator[str]:
    """Every world's samples, with the labels of its targets and the times of the scrapes."""
    for job, world in WORLDS.items():
        for one in world.exporters:
            # What is gone was scraped last twenty minutes ago: it is no longer there.
            times = [at - 1200 if one.gone else at for at in SCRAPES]
            target = f'job="{job}",instance="{one.instance}"'
            yield from stamped(gauges(world, one), target, times)
            for at in times:
                yield from stamped(counters(world, one, at), target, [at])
    yield from stamped(alerts(WORLDS["mixture"]), 'job="mixture"', SCRAPES)


def stamped(samples: Iterator[str], target: str, times: Sequence[float]) -> Iterator[str]:
    """The samples with a target's labels, once for each time."""
    for text in samples:
        name, rest = text.split("{", 1)
        start = f"{name}{{{target}" + ("" if rest.startswith("}") else ",")
        for at in times:
            yield f"{start}{rest} {at:.0f}"
