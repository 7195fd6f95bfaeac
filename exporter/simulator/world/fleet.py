"""The certificates of one metro, and what can be done to them."""

import itertools
import math
import re
from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from exporter.simulator.world import identity, life
from exporter.simulator.world.entries import Entry, service_group
from exporter.simulator.world.identity import digest
from exporter.simulator.world.life import Plan
from exporter.simulator.world.names import checked_domain, checked_name, generated_name
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.refusal import RefusedError, UnknownError

Order = Literal["asc", "desc"]


class Fleet:
    """Certificates by uuid and by name, in the order in which they came.

    `quota` is how many there may be before uploads are refused (None: any number). Later ones get
    their ids from `seed`, and never those of a certificate that was deleted.
    """

    def __init__(self, entries: Iterable[Entry], seed: str, quota: int | None = None) -> None:
        self._by_uuid = {entry.uuid: entry for entry in entries}
        self._by_name = {entry.name: entry for entry in self._by_uuid.values()}
        self._seed = seed
        self._total = len(self._by_uuid)
        self.quota = quota

    def __len__(self) -> int:
        return len(self._by_uuid)

    def by_uuid(self, uuid: str) -> Entry | None:
        """The certificate of a UUID in lower case, or None."""
        return self._by_uuid.get(uuid)

    def by_name(self, name: str) -> Entry | None:
        """The certificate of a name, or None."""
        return self._by_name.get(name)

    def find(self, certificate: str) -> Entry:
        """The certificate of a uuid or a name; UnknownError where there is none."""
        entry = self.by_uuid(certificate.lower()) or self.by_name(certificate)
        if entry is None:
            raise UnknownError(f"No certificate {certificate}")
        return entry

    def listing(self, order: Order | None = None, since: float | None = None) -> list[Entry]:
        """All of them by creation, the oldest (`asc`) or the newest first; None: as they came.

        `since` (Unix seconds) lets the listing begin with those that were created then; without
        an order it goes on to the newest.
        """
        if order is None and since is None:
            return list(self._by_uuid.values())
        entries = sorted(self._by_uuid.values(), key=lambda entry: entry.plan.created_at)
        if order == "desc":
            entries.reverse()
            return [e for e in entries if since is None or e.plan.created_at <= since]
        return [e for e in entries if since is None or e.plan.created_at >= since]

    def certificates(self, now: float) -> tuple[Certificate, ...]:
        """What is true of each at that moment, in the order in which they came."""
        certificates = [entry.certificate(now) for entry in self._by_uuid.values()]
        last: dict[str, int] = {}
        for one in certificates:
            if one.not_after is not None:
                last[one.common_name] = max(last.get(one.common_name, one.not_after), one.not_after)
        return tuple(
            replace(
                one, superseded=one.not_after is not None and one.not_after < last[one.common_name]
            )
            for one in certificates
        )

    def new_key(self) -> int:
        """The number from which the next certificate derives what is random about it."""
        return digest(self._seed, self._total)

    def new_name(self, name: str | None, domain: str) -> str:
        """The name that was asked for, or (None) a generated one that nobody has.

        Raises RefusedError for one that cannot be, or that is taken.
        """
        if name is None:
            tries = (digest(self._seed, self._total, n) for n in itertools.count())
            names = (generated_name(domain, number) for number in tries)
            return next(free for free in names if free not in self._by_name)
        if checked_name(name) in self._by_name:
            raise RefusedError(f"A certificate named '{name}' exists", "taken")
        return name

    def add(self, entry: Entry) -> None:
        """Take in a certificate that was uploaded or requested."""
        self._by_uuid[entry.uuid] = self._by_name[entry.name] = entry
        self._total += 1

    def delete(self, entry: Entry) -> None:
        """Forget a certificate: afterwards its ids are no longer valid."""
        del self._by_uuid[entry.uuid], self._by_name[entry.name]

    def request(self, common_name: str, lifetime: int, now: float) -> Entry:
        """The certificate for a service's domain: one that applies, or one requested now.

        `lifetime` is that of a requested one, in seconds. Raises RefusedError for what is no
        domain, and for a wildcard that has to be uploaded.
        """
        domain = checked_domain(common_name).lower()
        applying = {domain, re.sub(r"^[^.]+", "*", domain)}
        for entry in self._by_uuid.values():
            if entry.common_name.lower() in applying:
                return entry
        if domain.startswith("*."):
            raise RefusedError("a wildcard certificate is never requested, only uploaded")
        key = self.new_key()
        entry = Entry(
            uuid=identity.uuid(key >> 128),
            name=self.new_name(None, domain),
            common_name=domain,
            plan=Plan(math.floor(now), lifetime),
            uploaded=False,
            key=key,
            subject=f"CN={domain}",
        )
        self.add(entry)
        return entry


def attach(entry: Entry, name: str | None = None) -> ServiceGroup:
    """Let one more service use the certificate; a name is generated where None."""
    group = service_group(entry.uuid, len(entry.service_groups), name)
    if name is not None:
        group = replace(group, name=name)
    entry.service_groups += (group,)
    return group


def detach(entry: Entry, service: str | None = None) -> tuple[ServiceGroup, ...]:
    """Let the service of that UUID or name (None: all) no longer use it; gives the rest.

    Raises UnknownError where no such service uses it.
    """
    groups = entry.service_groups
    left = tuple(g for g in groups if service is not None and service not in (g.uuid, g.name))
    if service is not None and len(left) == len(groups):
        raise UnknownError(f"No service {service} uses it")
    entry.service_groups = left
    return left


def fail_next_validation(entry: Entry, now: float, count: int) -> list[int]:
    """Make the next attempts fail, and say when; raises RefusedError where none come."""
    if count < 1:
        raise RefusedError(f"count: expected 1 or more, got {count}")
    moment = life.at(entry.plan, now, entry.failing)
    coming = [time for time in life.coming_attempts(moment, now) if time not in entry.failing]
    if not coming:
        raise RefusedError("No validation will ever be tried for this certificate")
    entry.failing |= set(coming[:count])
    return coming[:count]
