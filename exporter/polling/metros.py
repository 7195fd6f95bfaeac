"""Which metros are polled now, and what another configuration changes about it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from exporter.config import Account, Configuration, Metro
from exporter.errors import PollError
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
    each = (
        Plan(account._replace(metros=()), metro, common)
        for account in configuration.accounts
        for metro in account.metros
    )
    return {plan.key: plan for plan in each}


class Polling(NamedTuple):
    """A metro that is polled: its plan, and what its poller says (`Poller`)."""

    plan: Plan
    tried: bool = False
    error: PollError | None = None
    next_poll: float | None = None


class Change(NamedTuple):
    """What another configuration changed: the plans that `began`, and the metros that are `gone`.

    A metro whose URL changed is in both: it is another API.
    """

    began: tuple[Plan, ...]
    gone: tuple[Key, ...]


class Metros:
    """The metros of the configuration in force, each with its poller.

    `create` gives the poller of a plan, not yet started, or raises `ConfigurationError`.
    """

    def __init__(self, create: Callable[[Plan], Poller]) -> None:
        self._create = create
        self._plans: Mapping[Key, Plan] = {}
        self._pollers: Mapping[Key, Poller] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tried = False

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._plans))

    @property
    def pollers(self) -> tuple[Poller, ...]:
        """The pollers, in the order of the configuration."""
        return tuple(self._pollers.values())

    def polling(self) -> Iterator[Polling]:
        """How the polls of each metro go, in the order of the configuration."""
        for key, poller in self._pollers.items():
            tried = poller.tried.is_set()
            yield Polling(self._plans[key], tried, poller.error, poller.next_poll)

    @property
    def tried(self) -> bool:
        """Whether every metro has been tried once since the start.

        It stays so: a metro that a reload adds does not take the others out of service
        (decisions/0403).
        """
        self._tried = self._tried or all(poller.tried.is_set() for poller in self.pollers)
        return self._tried

    def start(self, group: asyncio.TaskGroup) -> None:
        """Let every poller run in a group, whose failure is theirs, and each that comes later."""
        self._group = group
        for poller in self.pollers:
            poller.start(group)

    async def stop(self) -> None:
        """End every poller and close its connections."""
        await _close(self.pollers)
        self._plans, self._pollers = {}, {}

    async def apply(self, configuration: Configuration) -> Change:
        """Poll what this configuration says.

        A metro whose plan is the same keeps its poller and its connections.
        Raises `ConfigurationError`, and then nothing has changed. What began has not yet polled
        when this returns.
        """
        expected = plans(configuration)
        began = tuple(plan for key, plan in expected.items() if self._plans.get(key) != plan)
        ended = tuple(plan for key, plan in self._plans.items() if expected.get(key) != plan)
        async with contextlib.AsyncExitStack() as unless_applied:
            created: dict[Key, Poller] = {}
            for plan in began:
                created[plan.key] = poller = self._create(plan)
                unless_applied.push_async_callback(poller.close)
            # From here on nothing is refused.
            await _close(self._pollers[plan.key] for plan in ended)
            unless_applied.pop_all()
        self._pollers = {key: created.get(key) or self._pollers[key] for key in expected}
        self._plans = expected
        if self._group is not None:
            for poller in created.values():
                poller.start(self._group)
        urls = {(plan.key, plan.metro.base_url) for plan in expected.values()}
        gone = tuple(plan.key for plan in ended if (plan.key, plan.metro.base_url) not in urls)
        return Change(began, gone)


async def _close(pollers: Iterable[Poller]) -> None:
    await asyncio.gather(*(poller.close() for poller in pollers))
