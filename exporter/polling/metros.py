"""Which metros are polled now, and what another configuration changes about it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple, Protocol

from exporter.config import Account, Configuration, Metro
from exporter.polling.poller import Poller
from exporter.polling.snapshot import Key


class Plan(NamedTuple):
    """All that a metro's polls depend on; while it stays the same, the poller stays."""

    account: Account
    metro: Metro
    configuration: Configuration

    @property
    def key(self) -> Key:
        """The labels of the metro."""
        return Key(self.account.name, self.metro.name)


def plans(configuration: Configuration) -> dict[Key, Plan]:
    """The plan of each metro, in the configuration's order; none holds anything of another."""
    common = configuration._replace(accounts=())
    found = (
        Plan(account._replace(metros=()), metro, common)
        for account in configuration.accounts
        for metro in account.metros
    )
    return {plan.key: plan for plan in found}


class Polled(NamedTuple):
    """A poller, and how to let go of its connections."""

    poller: Poller
    close: Callable[[], Awaitable[None]]


class Memory(Protocol):
    """Who remembers metros."""

    def begin(self, plan: Plan) -> None:
        """The metro is polled from now on, by this plan."""

    def forget(self, key: Key) -> None:
        """The metro is gone, or another one has its name."""


class _Running(NamedTuple):
    plan: Plan
    polled: Polled
    task: asyncio.Task[None] | None


class Metros:
    """The metros of the configuration in force, each with its poller.

    `make` gives the poller of a plan, not yet started, or raises `ConfigurationError`.
    """

    def __init__(self, make: Callable[[Plan], Polled], memory: Memory) -> None:
        self._make = make
        self._memory = memory
        self._running: dict[Key, _Running] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tried = False

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._running))

    @property
    def pollers(self) -> tuple[Poller, ...]:
        """The pollers, in the order of the configuration."""
        return tuple(running.polled.poller for running in self._running.values())

    @property
    def tried(self) -> bool:
        """Whether every metro has been tried once since the start.

        It stays so: a metro that a reload adds does not take the others out of service.
        """
        self._tried = self._tried or all(poller.tried.is_set() for poller in self.pollers)
        return self._tried

    def start(self, group: asyncio.TaskGroup) -> None:
        """Let every poller run in a group, whose failure is theirs, and each that comes later."""
        self._group = group
        for key, running in self._running.items():
            self._running[key] = running._replace(task=self._start(running.polled))

    async def stop(self) -> None:
        """End every poller and close its connections."""
        await self._end(tuple(self._running.values()))
        self._running = {}

    async def apply(self, configuration: Configuration) -> None:
        """Poll what this configuration says.

        A metro whose plan is the same keeps its poller, its connections and its data; one that
        changed keeps its data for as long as it is the same API.
        Raises `ConfigurationError`, and then nothing has changed.
        """
        wanted = plans(configuration)
        made = await self._made(wanted)
        ended = tuple(r for key, r in self._running.items() if r.plan != wanted.get(key))
        # From here on nothing is refused.
        await self._end(ended)
        for running in ended:
            following = wanted.get(running.plan.key)
            if following is None or following.metro.base_url != running.plan.metro.base_url:
                self._memory.forget(running.plan.key)
        running_now: dict[Key, _Running] = {}
        for key, plan in wanted.items():
            if key in made:
                self._memory.begin(plan)
                running_now[key] = _Running(plan, made[key], self._start(made[key]))
            else:
                running_now[key] = self._running[key]
        self._running = running_now

    async def _made(self, wanted: dict[Key, Plan]) -> dict[Key, Polled]:
        made: dict[Key, Polled] = {}
        try:
            for key, plan in wanted.items():
                if key not in self._running or self._running[key].plan != plan:
                    made[key] = self._make(plan)
        except BaseException:
            for polled in made.values():
                await polled.close()
            raise
        return made

    def _start(self, polled: Polled) -> asyncio.Task[None] | None:
        return self._group.create_task(polled.poller.run()) if self._group else None

    async def _end(self, ended: tuple[_Running, ...]) -> None:
        tasks = [running.task for running in ended if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for running in ended:
            await running.polled.close()
