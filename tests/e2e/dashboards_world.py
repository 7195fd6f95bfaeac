"""Simulated accounts and real exporters that watch them, in this process, on real sockets."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from exporter.config import Account, Configuration, Metro, Selection, Token, TokenVariable
from exporter.service import Graph, build
from exporter.simulator import Clock, Simulator, serve
from exporter.simulator.http.server import Application
from tests.world.leaks import MARK

METROS = ("fra0", "dal0")
TOKEN = f"world:{MARK}"


@dataclasses.dataclass(frozen=True)
class World:
    """One scenario in several metros, and the addresses of the exporters that watch it."""

    simulators: tuple[Simulator, ...]
    exporters: tuple[str, ...]


def simulators(scenario: str, clock: Clock) -> tuple[Simulator, ...]:
    """The scenario's account in each metro."""
    return tuple(Simulator(scenario, metro=m, token=TOKEN, clock=clock) for m in METROS)


class Served(Protocol):
    """A metro's API as an ASGI application."""

    metro: str

    @property
    def app(self) -> Application: ...


@contextlib.asynccontextmanager
async def watched(
    account: str,
    watched_metros: Sequence[Served],
    *,
    clock: Callable[[], float] = time.time,
    selections: Mapping[str, Selection] | None = None,
) -> AsyncIterator[Graph]:
    """An exporter for these metros that has not polled yet; by metro, what has series."""
    chosen = selections or {}
    async with contextlib.AsyncExitStack() as stack:
        metros = [
            Metro(
                s.metro,
                str(await stack.enter_async_context(serve(s.app))),
                selection=chosen.get(s.metro, Selection()),
            )
            for s in watched_metros
        ]
        entry = Account(account, TokenVariable("world", Token(TOKEN)), tuple(metros))
        yield await stack.enter_async_context(build(Configuration((entry,)), clock=clock))


@contextlib.asynccontextmanager
async def world(
    scenario: str, *, replicas: int = 1, selections: Mapping[str, Selection] | None = None
) -> AsyncIterator[World]:
    """A scenario at this very moment, and exporters that serve the one look they took at it."""
    metros = simulators(scenario, Clock(start=time.time(), speed=0))
    async with contextlib.AsyncExitStack() as stack:
        exporters = []
        for _ in range(replicas):
            watching = watched("default", metros, selections=selections)
            graph = await stack.enter_async_context(watching)
            await asyncio.gather(*(poller.poll() for poller in graph.pollers))
            address = await stack.enter_async_context(serve(graph.app("/metrics")))
            exporters.append(address.removeprefix("http://"))
        yield World(metros, tuple(exporters))
