"""Scenarios: what an account looks like at the first moment, as YAML."""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml

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

Duration = Annotated[str, msgspec.Meta(pattern=r"^-?(\d+[smhdwy])+$")]
Span = Annotated[str, msgspec.Meta(pattern=r"^(\d+[smhdwy])+$")]
Attempt = Annotated[int, msgspec.Meta(ge=1, le=10)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario that cannot be: its text names the file, the place in it and what was expected."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`count` certificates of one kind. docs/simulator.md describes every field."""

    common_name: Text
    name: Text | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    source: Literal["request", "upload"] = "request"
    lifetime: Span = "90d"
    expires_in: Duration | None = None
    age: Span | None = None
    issuance: Literal["succeeds", "fails"] = "succeeds"
    issuance_attempts: Attempt = 1
    renewal: Literal["succeeds", "fails", "stalls"] = "succeeds"
    renewal_attempts: Attempt = 1
    service_groups: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    issuer: Text | None = None
    metros: tuple[str, ...] | None = None
    by_metro: dict[str, dict[str, Any]] = {}


class FaultSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault that stands from the first moment, in the metros named (none: in all)."""

    fault: dict[str, Any]
    metros: tuple[str, ...] | None = None


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One account at the first moment. docs/simulator.md describes every field."""

    certificates: tuple[Group, ...] = ()
    description: str = ""
    generation: Literal[1, 2] | None = None
    quota: Annotated[int, msgspec.Meta(ge=0)] | None = None
    faults: tuple[FaultSetting, ...] = ()


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
    """The groups of one metro, its own settings applied.

    Raises ScenarioError where these settings are wrong.
    """
    groups = []
    for position, group in enumerate(scenario.certificates):
        if group.metros is not None and metro not in group.metros:
            continue
        own = group.by_metro.get(metro)
        if own:
            place = f"$.certificates[{position}].by_metro.{metro}"
            settings = msgspec.structs.asdict(group) | {"by_metro": {}} | own
            group = _converted(settings, Group, place)  # noqa: PLW2901
        groups.append(group)
    return tuple(groups)


@cache
def _read(path: Path) -> Scenario:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ScenarioError(f"{path.name}: {exc}") from exc
    return _checked(_converted(settings, Scenario, path.name), path.name)


def _converted(settings: object, kind: type[T], place: str) -> T:
    try:
        return msgspec.convert(settings, kind)
    except msgspec.ValidationError as exc:
        raise ScenarioError(f"{place}: {exc}") from exc


def _checked(scenario: Scenario, place: str) -> Scenario:
    """The scenario, where its names are unique and every metro's settings can be read."""
    names: set[str] = set()
    for position, group in enumerate(scenario.certificates):
        at = f"{place}: $.certificates[{position}]"
        if group.count > 1 and "{n}" not in group.common_name:
            raise ScenarioError(f"{at}.common_name: a count above 1 needs {{n}} in it")
        if group.name is not None:
            if group.count > 1 and "{n}" not in group.name:
                raise ScenarioError(f"{at}.name: a count above 1 needs {{n}} in it")
            if group.name in names:
                raise ScenarioError(f"{at}.name: {group.name!r} is taken by another group")
            names.add(group.name)
        if group.source == "request" and group.common_name.startswith("*"):
            raise ScenarioError(f"{at}.source: a wildcard is never requested, only uploaded")
        for metro in group.by_metro:
            in_metro(scenario, metro)
    return scenario


def _scaled(scenario: Scenario, total: int) -> Scenario:
    """The scenario with `total` certificates in the groups that can have many."""
    if not 1 <= total <= 1_000_000:
        raise ScenarioError(f"{total}: expected 1 to 1,000,000 certificates")
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
