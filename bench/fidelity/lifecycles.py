"""Seeded lifecycles of certificates: how they begin, and what is done to them when."""

import random
import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx

from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group, seconds
from tests.simulator.pki import pair
from tests.simulator.simulated import NOW, TOKEN

HOUR, DAY = 3_600, 86_400
METROS = ("fra0", "dal0")

Act = Callable[[Simulator], Awaitable[None] | None]


class Event(NamedTuple):
    """What is done at a time (seconds from the beginning) in one metro."""

    at: float
    act: Act
    metro: str = "fra0"


class Lifecycle(NamedTuple):
    """One story. Every certificate of it is for a domain under `domain`."""

    kind: str
    domain: str
    groups: tuple[Group, ...] = ()
    events: tuple[Event, ...] = ()


class Draft:
    """What the makers below draw on: a seed, a lifetime, and names that nobody else has."""

    def __init__(self, kind: str, number: int, lifetimes: tuple[str, ...]) -> None:
        self.dice = random.Random(f"{kind} {number}")  # noqa: S311  (seeded, not secret)
        label = re.sub(r"[^a-z]+", "-", kind.lower())
        self.domain = f"{label}-{number}.example.com"
        # As the platform names what it requests; an upload may be called anything.
        self.name = f"{self.domain}-{number:05}"
        self.life = self.dice.choice(lifetimes)
        self.lifetime = seconds(self.life)

    def hours(self, least: float, most: float) -> float:
        """Some time between, in seconds."""
        return self.dice.uniform(least, most) * HOUR

    def automatic(self, **how: Any) -> Group:
        """A certificate whose renewal is due within the first hours."""
        settings: dict[str, Any] = {
            "lifetime": self.life,
            "expires_in": span(self.lifetime / 3 + self.hours(2, 10)),
            "service_groups": 1,
            **how,
        }
        return Group(self.domain, self.name, metros=("fra0",), **settings)

    def uploaded(self, expires_in: float, suffix: str = "", **how: Any) -> Group:
        """A wildcard that was uploaded."""
        settings: dict[str, Any] = {"lifetime": "365d", "metros": ("fra0",), **how}
        return Group(
            f"*.{self.domain}",
            f"{self.name}{suffix}",
            source="upload",
            expires_in=span(expires_in),
            **settings,
        )

    def request(self, fails: int) -> Act:
        """Request a certificate; its first validations fail."""

        def act(simulator: Simulator) -> None:
            made = simulator.request(self.domain, self.life)
            if fails:
                simulator.fail_next_validation(made.name, fails)

        return act

    def upload(self, name: str, begins: float, lifetime: float) -> Act:
        """Upload a wildcard that is valid from a time on, through the API."""
        begin = timedelta(seconds=begins - NOW)
        common_name = f"*.{self.domain}"

        async def act(simulator: Simulator) -> None:
            made = pair(common_name, begins=begin, ends=begin + timedelta(seconds=lifetime))
            body = {"name": name, "cn": common_name, "chain": made.pem, "pkey": made.pkey}
            transport = httpx.ASGITransport(app=simulator.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
                bearer = {"authorization": f"Bearer {TOKEN}"}
                answer = await http.post("/v1/certificates", json=body, headers=bearer)
            answer.raise_for_status()

        return act

    def delete(self, name: str) -> Act:
        """Delete a certificate, attached or not."""
        return lambda simulator: simulator.delete(name)

    def attach(self, name: str) -> Act:
        """Let a service use a certificate."""

        def act(simulator: Simulator) -> None:
            simulator.attach(name, "service")

        return act

    def move(self, old: str, new: str) -> Act:
        """Let the service use the new certificate instead of the old one."""

        def act(simulator: Simulator) -> None:
            simulator.attach(new, "service")
            simulator.detach(old)

        return act


def span(seconds: float) -> str:
    """Whole seconds as the simulator's scenarios write a duration."""
    return f"{int(seconds)}s" if seconds >= 0 else f"-{int(-seconds)}s"


Story = tuple[tuple[Group, ...], tuple[Event, ...]]
Maker = Callable[[Draft], Story]


def lifecycles(
    kinds: dict[str, Maker], count: int, lifetimes: tuple[str, ...]
) -> Iterator[Lifecycle]:
    """`count` of each kind, each from a seed of its own; automatic ones live one of `lifetimes`."""
    for kind, make in kinds.items():
        for number in range(count):
            draft = Draft(kind, number, lifetimes)
            yield Lifecycle(kind, draft.domain, *make(draft))
