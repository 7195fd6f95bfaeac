"""The world of the specification's own words, and short ways to ask it."""

import re
from collections.abc import Callable
from typing import Any

from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group
from tests.simulator.pki import upload
from tests.simulator.simulated import DAY, account, ask, items, names, outcomes, refused

PATH = "/v1/certificates"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ISO8601 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


def specified() -> Simulator:
    """An account with one certificate of each kind that the specification speaks of."""
    return account(
        Group("example.com", name="in-use"),
        Group("pending.example.com", name="pending", age="5m", issuance="fails"),
        Group("lost.example.com", name="lost", age="6d", issuance="fails"),
        Group("renewing.example.com", name="renewing", expires_in="29d9h", renewal="fails"),
        Group("unused.example.com", name="unused", source="upload", service_groups=0),
        Group("*.example.org", name="wildcard", source="upload", service_groups=2),
    )


def get(world: Simulator, query: str = "", **request: Any) -> list[dict[str, Any]]:
    """The items of a `GET /v1/certificates`, after whatever follows the path."""
    return items(ask(world, "GET", f"{PATH}{query}", **request))


def one(world: Simulator, name: str) -> dict[str, Any]:
    """The item of one name."""
    [item] = get(world, f"?name={name}")
    return item


def uuid(world: Simulator, name: str) -> str:
    """The uuid of one name."""
    return world.certificate(name).uuid


def later(world: Simulator, days: int) -> Simulator:
    """The same world after so many days."""
    world.advance(days * DAY)
    return world


def posted(world: Simulator, **overrides: Any) -> dict[str, Any]:
    """The item that an upload answers with."""
    [item] = items(ask(world, "POST", PATH, json=upload(**overrides)))
    return item


def without(field: str) -> Callable[[Simulator], object]:
    """An upload that lacks a field."""
    return lambda w: refused(ask(w, "POST", PATH, json=upload(**{field: None})))


def matches(pattern: str, text: object) -> bool:
    """Whether the whole text has that form."""
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def deleted(world: Simulator, suffix: str, **request: Any) -> tuple[list[int | str], list[str]]:
    """What a deletion answered for each item, and the names that are left of the deletable."""
    answer = outcomes(ask(world, "DELETE", f"{PATH}{suffix}", **request))
    return answer, [name for name in names(ask(world, "GET", PATH)) if name in {"unused", "in-use"}]


def gone(world: Simulator) -> tuple[list[int | str], list[int | str]]:
    """What both ids of a deleted certificate answer."""
    identity = uuid(world, "unused")
    ask(world, "DELETE", f"{PATH}/{identity}")
    query = f"{PATH}?uuid={identity}&name=unused"
    return outcomes(ask(world, "GET", query)), outcomes(ask(world, "GET", f"{PATH}/{identity}"))


ALL = ["in-use", "pending", "lost", "renewing", "unused", "wildcard"]
SAMPLE = [
    "status",
    "uuid",
    "name",
    "created_at",
    "common_name",
    "state",
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "service_groups",
]
PENDING_SAMPLE = [*SAMPLE[:6], "validation", "service_groups"]

Row = tuple[str, str, Callable[[Simulator], object], object]
"""Section, sentence, how it is observed, and what is promised."""
