"""Scenarios: what an account looks like at the first moment."""

import re
from functools import lru_cache
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from exporter.simulator.faults.faults import Fault
from exporter.simulator.world.disclosure import Field
from exporter.simulator.world.life import State

MOST = 200_000
"""How many certificates one scenario may have."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}

Duration = Annotated[str, msgspec.Meta(pattern=r"^-?(\d+[smhdwy])+$")]
Span = Annotated[str, msgspec.Meta(pattern=r"^(\d+[smhdwy])+$")]
Attempt = Annotated[int, msgspec.Meta(ge=1, le=10)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Groups = Annotated[int, msgspec.Meta(ge=0, le=100)]
Outcome = Literal["succeeds", "fails"]
Renewal = Literal["succeeds", "fails", "stalls"]


class ScenarioError(ValueError):
    """A scenario that cannot be: its text names the file, the place in it and what was expected."""


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different about a group in one metro."""

    lifetime: Span | UnsetType = UNSET
    expires_in: Duration | UnsetType = UNSET
    age: Span | UnsetType = UNSET
    issuance: Outcome | UnsetType = UNSET
    issuance_attempts: Attempt | UnsetType = UNSET
    renewal: Renewal | UnsetType = UNSET
    renewal_attempts: Attempt | UnsetType = UNSET
    service_groups: Groups | UnsetType = UNSET
    issuer: Text | UnsetType = UNSET
    uploaded_after: Span | UnsetType = UNSET
    omits: tuple[Field, ...] | UnsetType = UNSET
    renewal_omits: tuple[Field, ...] | UnsetType = UNSET
    states: dict[State, Text] | UnsetType = UNSET


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` certificates of one kind. docs/simulator.md describes every field."""

    common_name: Text
    name: Text | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1
    source: Literal["request", "upload"] = "request"
    lifetime: Span = "90d"
    expires_in: Duration | None = None
    age: Span | None = None
    issuance: Outcome = "succeeds"
    issuance_attempts: Attempt = 1
    renewal: Renewal = "succeeds"
    renewal_attempts: Attempt = 1
    service_groups: Groups = 1
    issuer: Text | None = None
    uploaded_after: Span | None = None
    omits: tuple[Field, ...] = ()
    renewal_omits: tuple[Field, ...] = ()
    states: dict[State, Text] = {}
    metros: tuple[str, ...] | None = None
    by_metro: dict[str, Override] = {}


class StandingFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that is active from the first moment, in the metros named (None: in all)."""

    fault: Fault
    metros: tuple[str, ...] | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account at the first moment. docs/simulator.md describes every field."""

    certificates: tuple[Group, ...] = ()
    description: str = ""
    generation: Literal[1, 2] | None = None
    quota: Annotated[int, msgspec.Meta(ge=0)] | None = None
    faults: tuple[StandingFault, ...] = ()


@lru_cache(maxsize=1_024)
def seconds(duration: str) -> int:
    """The seconds of a duration such as `90d`, `1d12h` or `-3d`."""
    total = sum(
        int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdwy])", duration)
    )
    return -total if duration.startswith("-") else total


def in_metro(scenario: Scenario, metro: str) -> tuple[Group, ...]:
    """The groups of one metro, its own settings applied; ScenarioError where they contradict."""
    groups = []
    for group in scenario.certificates:
        if group.metros is None or metro in group.metros:
            own = msgspec.structs.asdict(group.by_metro.get(metro, Override()))
            settings = {key: value for key, value in own.items() if value is not UNSET}
            merged = msgspec.structs.replace(group, **settings)
            problem = _contradiction(merged)
            if problem is not None:
                raise ScenarioError(f"{group.common_name} in {metro}: {problem}")
            groups.append(merged)
    return tuple(groups)


def _contradiction(group: Group) -> str | None:
    if group.uploaded_after is not None and group.source != "upload":
        return "uploaded_after: only an upload has it"
    if group.uploaded_after is not None and group.age is not None:
        return "uploaded_after: age says it already"
    if group.renewal_omits and group.source == "upload":
        return "renewal_omits: an upload is never renewed"
    if not set(group.states.values()).isdisjoint(get_args(State)):
        return "states: expected names that the specification does not have"
    return None


def checked(scenario: Scenario, place: str) -> Scenario:
    """The scenario, where its groups can be told apart; raises ScenarioError where not.

    `place` is what the error names: a file, or whatever the scenario came from.
    """
    for position, group in enumerate(scenario.certificates):
        at = f"{place}: $.certificates[{position}]"
        if group.count > 1 and "{n}" not in group.common_name:
            raise ScenarioError(f"{at}.common_name: a count above 1 needs {{n}} in it")
        if group.count > 1 and "{n}" not in (group.name or "{n}"):
            raise ScenarioError(f"{at}.name: a count above 1 needs {{n}} in it")
        if group.source == "request" and group.common_name.startswith("*"):
            raise ScenarioError(f"{at}.source: a wildcard is never requested, only uploaded")
    if sum(group.count for group in scenario.certificates) > MOST:
        raise ScenarioError(f"{place}: $.certificates: more than {MOST} certificates")
    return scenario
