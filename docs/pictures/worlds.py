"""What the pictures are taken of: the exporter against simulated metros, at a fixed moment."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from exporter import service
from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.demo import METROS
from exporter.simulator import Clock, Fault, Simulator, serve

MOMENT: Final = datetime(2026, 11, 30, 9, 41, tzinfo=UTC).timestamp()
"""When the metros are read; the pictures are taken `LATER` seconds later."""
LATER: Final = 12
SEED: Final = 1

_TOKEN: Final = "demo:not-a-secret"  # noqa: S105 - the simulator's, made up here


class World(NamedTuple):
    """The metros, and what is wrong with the API of each."""

    faults: dict[str, Sequence[Fault]]


DEMO: Final = World(dict.fromkeys(METROS, ()))
FAILING: Final = World(
    {
        "fra": (),
        "dal": (Fault("unauthorized"),),
        "sin": (Fault("hang"),),
        "was": (Fault("garbage"),),
    },
)


class StoppedClock:
    """A clock that stands where it is put."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Unix time."""
        return self.now


@contextlib.asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The URL of an exporter that has read these metros once."""
    clock = StoppedClock(MOMENT)
    async with contextlib.AsyncExitStack() as stack:
        metros = []
        simulated = Clock(start=MOMENT, speed=0)
        for name, faults in world.faults.items():
            simulator = Simulator("mixture", SEED, name, _TOKEN, simulated)
            for fault in faults:
                simulator.fault(fault)
            metros.append(Metro(name, str(await stack.enter_async_context(serve(simulator.app)))))
        account = Account("demo", TokenVariable("demo", Token(_TOKEN)), tuple(metros))
        configuration = Configuration((account,), timeout=2)
        graph = await stack.enter_async_context(service.build(configuration, clock=clock))
        for poller in graph.pollers:
            await poller.poll()
        clock.now = MOMENT + LATER
        yield str(await stack.enter_async_context(serve(graph.app("/metrics"))))
