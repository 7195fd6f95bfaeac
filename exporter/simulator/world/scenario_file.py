"""Scenarios by name or from a file, and in another size."""

from functools import cache
from pathlib import Path

import msgspec
import yaml

from exporter.simulator.world.scenario import MOST, Scenario, ScenarioError, checked

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


def load(scenario: str | Path | Scenario) -> Scenario:
    """A scenario by its bundled name, from a YAML file, or as it is.

    `NAME:N` spreads N certificates over the groups whose common name has an `{n}`.
    Raises ScenarioError, which names what was wrong and where.
    """
    if isinstance(scenario, Scenario):
        return checked(scenario, "the scenario")
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


@cache
def _read(path: Path) -> Scenario:
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        return checked(msgspec.convert(settings, Scenario), path.name)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as exc:
        raise ScenarioError(f"{path.name}: {exc}") from exc


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
