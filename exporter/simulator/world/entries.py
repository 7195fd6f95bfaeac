"""Certificates as the platform holds them, and those that a scenario begins with."""

import math
from collections.abc import Iterator

import msgspec

from exporter.simulator.world import identity, life
from exporter.simulator.world.disclosure import Disclosure
from exporter.simulator.world.identity import digest
from exporter.simulator.world.life import ATTEMPTS, Plan
from exporter.simulator.world.names import generated_name
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.scenario import Group, Scenario, ScenarioError, in_metro, seconds

LETS_ENCRYPT = tuple(
    f"CN={name},O=Let's Encrypt,C=US" for name in ("R10", "R11", "R12", "R13", "E7", "E8")
)
COMMERCIAL = "CN=Example TLS RSA CA 2024,O=Example Trust Services,C=US"
_HOUR, _DAY = 3_600, 86_400
_SERIAL_BITS = (1 << 136) - 1


class Entry(msgspec.Struct):
    """One certificate: its plan, and what was done to it.

    `issuer` and `serial_number` are None where each issuance has its own, derived from `key`;
    validation attempts at the times in `failing` fail.
    """

    uuid: str
    name: str
    common_name: str
    plan: Plan
    uploaded: bool
    key: int
    subject: str
    issuer: str | None = None
    serial_number: str | None = None
    service_groups: tuple[ServiceGroup, ...] = ()
    failing: frozenset[int] = frozenset()
    disclosure: Disclosure = Disclosure()

    def certificate(self, now: float) -> Certificate:
        """What is true of it at that moment; whether it is superseded is for the fleet to say."""
        moment = life.at(self.plan, now, self.failing)
        issued = moment.not_before is not None
        return Certificate(
            uuid=self.uuid,
            name=self.name,
            common_name=self.common_name,
            state=moment.state,
            created_at=self.plan.created_at,
            subject=self.subject if issued else None,
            issuer=self._issuer(moment.cycle) if issued else None,
            serial_number=None if moment.not_before is None else self._serial(moment.not_before),
            not_before=moment.not_before,
            not_after=moment.not_after,
            attempt=moment.attempt,
            next=moment.next,
            service_groups=self.service_groups,
            renewal=("manual" if self.uploaded else "automatic") if issued else "unknown",
            wildcard=self.common_name.startswith("*."),
            reported_state=self.disclosure.states.get(moment.state, moment.state),
            omitted=self.disclosure.omitted(moment),
        )

    def _issuer(self, cycle: int) -> str:
        return self.issuer or LETS_ENCRYPT[(self.key + cycle) % len(LETS_ENCRYPT)]

    def _serial(self, not_before: int) -> str:
        """Upper-case hexadecimal that begins with 03 or 04, as those of Let's Encrypt."""
        if self.serial_number is not None:
            return self.serial_number
        number = digest(self.key, not_before)
        return f"0{3 + (number >> 136) % 2}{number & _SERIAL_BITS:034X}"


def service_group(*key: object) -> ServiceGroup:
    """A service group that follows from the key alone."""
    number = digest("service group", *key)
    return ServiceGroup(identity.uuid(number), identity.service_group_name(number >> 122))


def entries(scenario: Scenario, seed: int, metro: str, start: float) -> Iterator[Entry]:
    """The certificates of one metro at the scenario's first moment, in the scenario's order.

    Raises ScenarioError for a group that contradicts itself.
    """
    moment = math.floor(start)
    names: set[str] = set()
    for position, group in enumerate(in_metro(scenario, metro)):
        for number in range(1, group.count + 1):
            own_key = digest(seed, metro, position, number)
            # One upload to several metros is one certificate: the same serial number in each.
            key = digest(seed, position, number) if group.source == "upload" else own_key
            plan = _plan(group, key >> 32, moment)
            entry = _entry(group, number, metro, plan, own_key, key)
            place = f"{entry.common_name} in {metro}"
            if entry.name in names:
                raise ScenarioError(f"{place}: the name {entry.name!r} is taken by another group")
            if plan.not_before not in {None, life.at(plan, moment).not_before}:
                problem = "it would have been renewed before the start"
                raise ScenarioError(f"{place}: expires_in: {problem}")
            if plan.created_at > moment:
                problem = "it would have been uploaded after the start"
                raise ScenarioError(f"{place}: uploaded_after: {problem}")
            names.add(entry.name)
            yield entry


def _entry(group: Group, number: int, metro: str, plan: Plan, own_key: int, key: int) -> Entry:
    common_name = _filled(group.common_name, number, metro)
    uploaded = group.source == "upload"
    return Entry(
        uuid=identity.uuid(own_key >> 128),
        name=(
            generated_name(common_name, own_key)
            if group.name is None
            else _filled(group.name, number, metro)
        ),
        common_name=common_name,
        plan=plan,
        uploaded=uploaded,
        key=key,
        subject=f"CN={common_name}",
        issuer=group.issuer or (COMMERCIAL if uploaded else None),
        service_groups=tuple(service_group(own_key, n) for n in range(group.service_groups)),
        disclosure=Disclosure(group.omits, group.renewal_omits, group.states),
    )


def _plan(group: Group, number: int, start: int) -> Plan:
    """The life of one certificate of the group; `number` spreads them over their lifetimes."""
    issuance = group.issuance_attempts if group.issuance == "succeeds" else None
    renewal = group.renewal_attempts if group.renewal == "succeeds" else None
    renewed = group.source == "request" and group.renewal != "stalls"
    not_before = _not_before(group, number, start)
    created_at = _created_at(group, number, start, not_before)
    return Plan(created_at, seconds(group.lifetime), not_before, issuance, renewed, renewal)


def _not_before(group: Group, number: int, start: int) -> int | None:
    lifetime = seconds(group.lifetime)
    if group.expires_in is not None:
        return start + seconds(group.expires_in) - lifetime + 1
    if group.age is not None and group.source == "request":
        return None
    # Somewhere in the first two thirds of its life, but as long ago as its upload asks for.
    since = seconds(group.uploaded_after or "0s")
    return start - since - number % max(lifetime * 2 // 3 - since, 1)


def _created_at(group: Group, number: int, start: int, not_before: int | None) -> int:
    if group.age is not None:
        return start - seconds(group.age)
    begun = start if not_before is None else not_before
    if group.uploaded_after is not None:
        return begun + seconds(group.uploaded_after)
    if group.source == "upload":
        return min(begun + _HOUR, start - _DAY)
    renewals = number % 4
    cycle = seconds(group.lifetime) * 2 // 3 + ATTEMPTS[0]
    return begun - ATTEMPTS[0] - renewals * cycle


def _filled(template: str, number: int, metro: str) -> str:
    return template.replace("{n}", str(number)).replace("{metro}", metro)
