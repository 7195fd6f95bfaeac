"""Scenarios: what an account looks like at the first moment, as YAML."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import UNSET, UnsetType

from exporter.simulator.faults.faults import Fault

SCENARIOS = (
    "mixture",
    "healthy",
    "renewal-failing",
    "dns-broken",
    "wildcard-forgotten",
    "quota-hit",
    "metro-outage",
    "large",
)
"""The names of the bundled scenarios."""

_BUNDLED = Path(__file__).with_name("scenarios")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}

MOST = 1_000_000
"""How many certificates one scenario may have."""

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
    metros: tuple[str, ...] | None = None
    by_metro: dict[str, Override] = {}


class StandingFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that stands from the first moment, in the metros named (none: in all)."""

    fault: Fault
    metros: tuple[str, ...] | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account at the first moment. docs/simulator.md describes every field."""

    certificates: tuple[Group, ...] = ()
    description: str = ""
    generation: Literal[1, 2] | None = None
    quota: Annotated[int, msgspec.Meta(ge=0)] | None = None
    faults: tuple[StandingFault, ...] = ()


def seconds(duration: str) -> int:
    """The seconds of a duration such as `90d`, `1d12h` or `-3d`."""
    total = sum(
        int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdwy])", duration)
    )
    return -total if duration.startswith("-") else total


def load(scenario: str | Path | Scenario) -> Scenario:
    """A scenario by its bundled name, from a YAML file, or as it is.

    `NAME:N` spreads N certificates over the groups whose common name has an `{n}`.
    Raises ScenarioError, which names what was wrong and where.
    """
    if isinstance(scenario, Scenario):
        return _checked(scenario, "the scenario")
    name, _, total = str(scenario).rpartition(":")
    if isinstance(scenario, str) and name and total.isascii() and total.isdigit():
        return _scaled(load(name), int(total))
    if isinstance(scenario, str) and scenario in SCENARIOS:
        return _read(_BUNDLED / f"{scenario}.yaml")
    path = Path(scenario)
    if not path.is_file():
        names = ", ".join(SCENARIOS)
        raise ScenarioError(f"{scenario}: neither a readable file nor one of {names}")
    return _read(path)


def in_metro(scenario: Scenario, metro: str) -> tuple[Group, ...]:
    """The groups of one metro, its own settings applied."""
    groups = []
    for group in scenario.certificates:
        if group.metros is None or metro in group.metros:
            own = msgspec.structs.asdict(group.by_metro.get(metro, Override()))
            settings = {key: value for key, value in own.items() if value is not UNSET}
            groups.append(msgspec.structs.replace(group, **settings))
    return tuple(groups)


@cache
def _read(path: Path) -> Scenario:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _checked(msgspec.convert(settings, Scenario), path.name)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as exc:
        raise ScenarioError(f"{path.name}: {exc}") from exc


def _checked(scenario: Scenario, place: str) -> Scenario:
    """The scenario, where its groups can be told apart; raises ScenarioError where not."""
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


def _scaled(scenario: Scenario, total: int) -> Scenario:
    """The scenario with `total` certificates in the groups that can have many."""
    if not 1 <= total <= MOST:
        raise ScenarioError(f"{total}: expected 1 to {MOST} certificates")
    weight = sum(group.count for group in scenario.certificates if "{n}" in group.common_name)
    if not weight:
        raise ScenarioError("no group of this scenario has an {n} in its common name")
    groups, given, passed = [], 0, 0
    for group in scenario.certificates:
        if "{n}" in group.common_name:
            passed += group.count
            count = total * passed // weight - given
            given += count
            if not count:
                continue
            group = msgspec.structs.replace(group, count=count)  # noqa: PLW2901
        groups.append(group)
    return msgspec.structs.replace(scenario, certificates=tuple(groups))
