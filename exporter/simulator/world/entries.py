"""From a scenario's groups to the n-th certificate, derived on demand."""

import math
import re
from bisect import bisect_right
from functools import lru_cache

import msgspec

from exporter.simulator.world.identity import as_uuid, digest, service_group_name, suffix
from exporter.simulator.world.life import ATTEMPTS, Plan, at
from exporter.simulator.world.records import ServiceGroup
from exporter.simulator.world.scenario import Group, Scenario, ScenarioError, in_metro, seconds

LETS_ENCRYPT = tuple(
    f"CN={name},O=Let's Encrypt,C=US" for name in ("R10", "R11", "R12", "R13", "E7", "E8")
)
COMMERCIAL = "CN=Example TLS RSA CA 2024,O=Example Trust Services,C=US"
_DAY = 86_400
_UUID_BITS = (1 << 122) - 1
_SERIAL_BITS = (1 << 136) - 1


class Entry(msgspec.Struct, frozen=True):
    """What is fixed about one certificate, whatever the time.

    `issuer` and `serial_number` are None where each issuance has its own, derived from `key`.
    """

    name: str
    common_name: str
    plan: Plan
    uploaded: bool
    key: int
    subject: str
    issuer: str | None = None
    serial_number: str | None = None
    service_groups: tuple[ServiceGroup, ...] = ()

    def issuer_of(self, cycle: int) -> str:
        """Who signed the issuance of that number."""
        return self.issuer or LETS_ENCRYPT[(self.key + cycle) % len(LETS_ENCRYPT)]

    def serial_of(self, not_before: int) -> str:
        """The serial number of the issuance that became valid then: upper-case hexadecimal."""
        if self.serial_number is not None:
            return self.serial_number
        number = digest(self.key, not_before)
        return f"0{3 + (number >> 136) % 2}{number & _SERIAL_BITS:034X}"


def generated_name(common_name: str, number: int) -> str:
    """`<cn>-X`: X is five random alphanumerics, and a wildcard's `*.` is cut off (note 1)."""
    return f"{common_name.removeprefix('*.')[:249]}-{suffix(number, 5)}"


def service_group(*key: object) -> ServiceGroup:
    """A service group that follows from the key alone."""
    number = digest("service group", *key)
    return ServiceGroup(as_uuid(number & _UUID_BITS), service_group_name(number >> 122))


class Entries:
    """The certificates a scenario starts with in one metro, by index. Nothing is held."""

    def __init__(self, scenario: Scenario, seed: int, metro: str, start: float) -> None:
        self._groups = in_metro(scenario, metro)
        self._seed = seed
        self._metro = metro
        self._start = math.floor(start)
        self._firsts: list[int] = []
        self.count = 0
        for group in self._groups:
            self._firsts.append(self.count)
            self.count += group.count
        self._patterns = [_pattern(group, metro) for group in self._groups]
        for position in range(len(self._groups)):
            self._check(position)

    def __getitem__(self, index: int) -> Entry:
        """The certificate of that index, counted from 0 in the scenario's order."""
        position = bisect_right(self._firsts, index) - 1
        return self._entry(position, index - self._firsts[position] + 1)

    def index(self, name: str) -> int | None:
        """The index of a name, or None where no certificate was given it at the start."""
        for position, pattern in enumerate(self._patterns):
            found = pattern.fullmatch(name)
            if found is None:
                continue
            number = int(found["n"]) if "n" in found.groupdict() else 1
            if number <= self._groups[position].count:
                entry = self._entry(position, number)
                if entry.name == name:
                    return self._firsts[position] + number - 1
        return None

    def _entry(self, position: int, number: int) -> Entry:
        group = self._groups[position]
        salt = digest(self._seed, self._metro, position, number)
        uploaded = group.source == "upload"
        # One upload to several metros is one certificate: its serial number is the same in each.
        key = digest(self._seed, position, number) if uploaded else salt
        common_name = _filled(group.common_name, number, self._metro)
        return Entry(
            name=(
                generated_name(common_name, salt)
                if group.name is None
                else _filled(group.name, number, self._metro)
            ),
            common_name=common_name,
            plan=_plan(group, key >> 32, self._start),
            uploaded=uploaded,
            key=key,
            subject=f"CN={common_name}",
            issuer=group.issuer or (COMMERCIAL if uploaded else None),
            service_groups=tuple(service_group(salt, n) for n in range(group.service_groups)),
        )

    def _check(self, position: int) -> None:
        """Refuse what contradicts itself; the first of a group is as good as any for that."""
        first = self._firsts[position]
        entry = self[first]
        place = f"{entry.common_name} in {self._metro}"
        if self.index(entry.name) != first:
            raise ScenarioError(f"{place}: the name {entry.name!r} is taken by another group")
        begun = entry.plan.not_before
        if begun is not None and at(entry.plan, self._start).not_before != begun:
            raise ScenarioError(f"{place}: expires_in: it would have been renewed before the start")


def _plan(group: Group, number: int, start: int) -> Plan:
    lifetime = _seconds(group.lifetime)
    issuance = group.issuance_attempts if group.issuance == "succeeds" else None
    renewal = group.renewal_attempts if group.renewal == "succeeds" else None
    renewed = group.source == "request" and group.renewal != "stalls"
    not_before = None
    if group.expires_in is not None:
        not_before = start + _seconds(group.expires_in) - lifetime + 1
    elif group.age is None or group.source == "upload":
        # Somewhere in the first two thirds of its life.
        not_before = start - number % (lifetime * 2 // 3)
    if group.age is not None:
        created_at = start - _seconds(group.age)
    elif group.source == "upload":
        created_at = min((not_before or start) + 3_600, start - _DAY)
    else:
        renewals = number % 4
        cycle = lifetime * 2 // 3 + ATTEMPTS[0]
        created_at = (not_before or start) - ATTEMPTS[0] - renewals * cycle
    return Plan(created_at, lifetime, not_before, issuance, renewed, renewal)


@lru_cache(maxsize=1024)
def _seconds(duration: str) -> int:
    return seconds(duration)


def _filled(template: str, number: int, metro: str) -> str:
    return template.replace("{n}", str(number)).replace("{metro}", metro)


def _pattern(group: Group, metro: str) -> re.Pattern[str]:
    """What the names of a group look like; `n` is which of them it is."""
    template = group.name
    if template is None:
        template = group.common_name.removeprefix("*.")
    text = re.escape(template.replace("{metro}", metro))
    text = text.replace(r"\{n\}", r"(?P<n>[1-9][0-9]{0,6})", 1).replace(r"\{n\}", "[0-9]+")
    return re.compile(text if group.name is not None else f"{text}-[0-9a-z]{{5}}")
