"""Simulated accounts with their exporters, and what is true of them, said without a query."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Final

from exporter.config import Shard
from exporter.simulator import SCENARIOS, Certificate, Clock, Scenario, Simulator
from exporter.simulator.world.scenario import Group
from tests.e2e.dashboards import truth
from tests.world.leaks import MARK

#: 2025-11-26 23:30 UTC: tomorrow in Berlin, and still afternoon in New York. No sample is newer.
NOW: Final = 1764199800.0
METROS: Final = ("fra0", "dal0")
#: What an exporter saw when it last read a metro that it cannot read now: no trouble.
BEFORE: Final = "before"
_OWN: Final = {
    BEFORE: Scenario(certificates=(Group(common_name="before-{n}.example.com", count=9),))
}
TOKEN: Final = f"world:{MARK}"

Place = tuple[str, str]
"""Metro and name."""


@dataclasses.dataclass(frozen=True)
class Exporter:
    """One exporter; `unread` are the metros that it has not read for an hour.

    `series` says which certificates have series of their own: all of them, those that need
    `attention`, those of `one` metro only, or none. `gone` is one whose target no longer exists,
    `down` one that does not answer.
    """

    instance: str
    shard: int = 0
    series: str = "all"
    unread: tuple[str, ...] = ()
    gone: bool = False
    down: bool = False


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
    "shards": World("mixture", tuple(Exporter(f"{n}:1", shard=n) for n in range(3)), 3),
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


def simulator(scenario: str, metro: str, clock: Clock | None = None) -> Simulator:
    """A metro's API, at this very moment unless a clock says otherwise."""
    still = clock or Clock(start=NOW, speed=0)
    return Simulator(_OWN.get(scenario, scenario), metro=metro, token=TOKEN, clock=still)


@functools.cache
def certificates(scenario: str, metro: str) -> tuple[Certificate, ...]:
    """A metro's certificates, as the scenario has them now."""
    return simulator(scenario, metro).certificates()


def answers(scenario: str, metro: str) -> bool:
    """Whether the scenario's metro gives its certificates at all."""
    return not simulator(scenario, metro).faults()


def told(world: World, one: Exporter, metro: str) -> list[Certificate]:
    """What an exporter shows of a metro; of one that it cannot read its last look, which is from
    before all trouble."""
    if one.down or not answers(world.scenario, metro):
        return []
    scenario = BEFORE if metro in one.unread else world.scenario
    shard = Shard(one.shard, world.shards)
    return [c for c in certificates(scenario, metro) if shard.holds(c.uuid)]


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


@functools.cache
def reasons(world: World) -> dict[tuple[str, str, str], truth.Reasons]:
    """The reasons of each of them; an exporter compares what is its own."""
    found: dict[tuple[str, str, str], truth.Reasons] = {}
    for account, metro in {place[:2] for place in seen(world)}:
        own = [c for place, c in seen(world).items() if place[:2] == (account, metro)]
        for shard in range(world.shards):
            held = [c for c in own if Shard(shard, world.shards).holds(c.uuid)]
            judged = truth.reasons(held, NOW)
            found |= {(account, metro, name): reasons for name, reasons in judged.items()}
    return found
