"""Which metros are polled: configurations in, what began and what is gone out."""

import asyncio

import pytest

from exporter.api.protocol import Reading
from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.errors import ConfigurationError, PollError
from exporter.polling.metros import Metros, Plan
from exporter.polling.poller import Poller, Schedule
from exporter.polling.snapshot import Key, MetroSnapshot, Store
from exporter.polling.unforeseen import Unforeseen
from tests.world.builders import reading

pytestmark = pytest.mark.anyio


class World:
    """Metros whose polls never end, and the life of each poller."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.metros = Metros(self.create)

    def create(self, plan: Plan) -> Poller:
        name = f"{plan.metro.name} {plan.metro.base_url}"
        if plan.metro.base_url == "refused":
            raise ConfigurationError("refused")

        async def fetch() -> Reading:
            self.events.append(f"poll {name}")
            await asyncio.Event().wait()
            return reading()

        async def disconnect() -> None:
            self.events.append(f"close {name}")

        async def publish(_: MetroSnapshot) -> None: ...

        schedule = Schedule(60, 60, 60)
        return Poller(
            plan.key,
            fetch,
            schedule,
            store=Store(),
            publish=publish,
            observer=self,
            failure=Unforeseen(lambda: None).failure,
            disconnect=disconnect,
        )

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None: ...
    def failed(self, key: Key, error: PollError, *, seconds: float) -> None: ...


def configuration(metros: dict[str, str], interval: float = 60.0) -> Configuration:
    token = TokenVariable("T", Token("t"))
    each = tuple(Metro(name, url) for name, url in metros.items())
    return Configuration((Account("a", token, each),), interval=interval)


BEFORE = {"fra": "u1", "dal": "u2"}


@pytest.mark.parametrize(
    ("after", "interval", "began", "gone", "events"),
    [
        (BEFORE, 60, "", "", []),
        ({"dal": "u2", "fra": "u1"}, 60, "", "", []),
        ({**BEFORE, "sin": "u3"}, 60, "sin", "", ["poll sin u3"]),
        ({"fra": "u1"}, 60, "", "dal", ["close dal u2"]),
        ({**BEFORE, "dal": "u3"}, 60, "dal", "dal", ["close dal u2", "poll dal u3"]),
        (
            BEFORE,
            90,
            "fra dal",
            "",
            ["close dal u2", "close fra u1", "poll dal u2", "poll fra u1"],
        ),
    ],
    ids=["the same", "another order", "more", "fewer", "another API", "another interval"],
)
async def test_another_configuration(
    after: dict[str, str], interval: float, began: str, gone: str, events: list[str]
) -> None:
    """What stays the same keeps its poller; what changed in place keeps its data."""
    world = World()
    await world.metros.apply(configuration(BEFORE))
    async with asyncio.TaskGroup() as group:
        world.metros.start(group)
        await asyncio.sleep(0)
        world.events.clear()
        change = await world.metros.apply(configuration(after, interval))
        await asyncio.sleep(0)
        changed = sorted(world.events)
        await world.metros.stop()

    assert " ".join(plan.metro.name for plan in change.began) == began
    assert " ".join(key.metro for key in change.gone) == gone
    assert changed == events
    assert list(world.metros) == []


async def test_a_refused_configuration_changes_nothing() -> None:
    """What was created before the refusal is closed; what runs goes on."""
    world = World()
    await world.metros.apply(configuration(BEFORE))
    before = world.metros.pollers
    with pytest.raises(ConfigurationError):
        await world.metros.apply(configuration({"fra": "u9", "sin": "refused"}))

    assert world.events == ["close fra u9"]
    assert world.metros.pollers == before
