"""The certificates of one metro: what the scenario gave, and what was done to them since."""

import re
from array import array
from collections.abc import Iterator
from typing import Literal

import msgspec

from exporter.simulator.world import life
from exporter.simulator.world.entries import Entries, Entry, service_group
from exporter.simulator.world.identity import Uuids
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.scenario import Scenario

Order = Literal["asc", "desc"]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class UnknownError(LookupError):
    """No certificate, or no service of it, has that uuid or name."""


class RefusedError(ValueError):
    """What was asked for cannot be done to this certificate."""


class Fleet:
    """Certificates by index. Indices are given once and never again, so a deleted id stays dead.

    Only what differs from the scenario is held.
    """

    def __init__(self, scenario: Scenario, seed: int, metro: str, start: float) -> None:
        self._given = Entries(scenario, seed, metro, start)
        self.seed = f"{seed}/{metro}"
        self._uuids = Uuids(seed, metro)
        self._added: list[Entry] = []
        self._names: dict[str, int] = {}
        self._deleted: set[int] = set()
        self._groups: dict[int, tuple[ServiceGroup, ...]] = {}
        self._failing: dict[int, set[int]] = {}
        self._by_creation: array[int] | None = None

    def __len__(self) -> int:
        return self._given.count + len(self._added) - len(self._deleted)

    @property
    def next_index(self) -> int:
        """The index that the next certificate will have."""
        return self._given.count + len(self._added)

    def by_uuid(self, uuid: str) -> int | None:
        """The index of a UUID in canonical form, or None."""
        index = self._uuids.index(uuid)
        if index >= self.next_index or index in self._deleted or self._uuids.uuid(index) != uuid:
            return None
        return index

    def by_name(self, name: str) -> int | None:
        """The index of a name, or None."""
        index = self._names.get(name)
        if index is None:
            index = self._given.index(name)
        return None if index in self._deleted else index

    def ids(self, index: int) -> tuple[str, str]:
        """The UUID and the name."""
        return self._uuids.uuid(index), self._entry(index).name

    def common_name(self, index: int) -> str:
        """The domain that the certificate is for."""
        return self._entry(index).common_name

    def service_groups(self, index: int) -> tuple[ServiceGroup, ...]:
        """The services that use the certificate."""
        groups = self._groups.get(index)
        return self._entry(index).service_groups if groups is None else groups

    def certificate(self, index: int, now: float) -> Certificate:
        """The whole record at that moment."""
        entry = self._entry(index)
        moment = life.at(entry.plan, now, self._failing.get(index, ()))
        issued = moment.not_before is not None
        groups = self._groups.get(index)
        return Certificate(
            uuid=self._uuids.uuid(index),
            name=entry.name,
            common_name=entry.common_name,
            state=moment.state,
            created_at=entry.plan.created_at,
            subject=entry.subject if issued else None,
            issuer=entry.issuer_of(moment.cycle) if issued else None,
            serial_number=None if moment.not_before is None else entry.serial_of(moment.not_before),
            not_before=moment.not_before,
            not_after=moment.not_after,
            attempt=moment.attempt,
            next=moment.next,
            service_groups=entry.service_groups if groups is None else groups,
            renewal=("manual" if entry.uploaded else "automatic") if issued else "unknown",
            wildcard=entry.common_name.startswith("*."),
        )

    def indices(self, order: Order | None = None, first: int | None = None) -> Iterator[int]:
        """Every index in the order of creation (None: in an order that nobody promised).

        It starts with `first`, and goes on working while certificates come and go.
        """
        if order is None:
            indices: Iterator[int] = iter(range(first or 0, self.next_index))
        else:
            indices = iter(self._sorted(order, first))
        return (index for index in indices if index not in self._deleted)

    def add(self, entry: Entry) -> int:
        """Take in a certificate that was uploaded or requested, and give its index."""
        index = self.next_index
        self._added.append(entry)
        self._names[entry.name] = index
        self._by_creation = None
        return index

    def delete(self, index: int) -> None:
        """Forget a certificate: afterwards its ids are no longer valid."""
        self._names.pop(self._entry(index).name, None)
        self._deleted.add(index)
        self._groups.pop(index, None)
        self._failing.pop(index, None)

    def attach(self, index: int, name: str | None = None) -> ServiceGroup:
        """Let one more service use the certificate; its name is made up where None."""
        groups = self.service_groups(index)
        group = service_group(self._uuids.uuid(index), len(groups), name)
        if name is not None:
            group = msgspec.structs.replace(group, name=name)
        self._groups[index] = (*groups, group)
        return group

    def detach(self, index: int, service: str | None = None) -> tuple[ServiceGroup, ...]:
        """Let the service of that UUID or name (None: all) no longer use it; gives the rest.

        Raises UnknownError where no such service uses it.
        """
        groups = self.service_groups(index)
        left = tuple(g for g in groups if service is not None and service not in (g.uuid, g.name))
        if service is not None and len(left) == len(groups):
            raise UnknownError(f"No service {service} uses it")
        self._groups[index] = left
        return left

    def fail_next_validation(self, index: int, now: float, count: int) -> list[int]:
        """Make the next attempts fail, and say when; raises RefusedError where none come."""
        failing = self._failing.setdefault(index, set())
        moment = life.at(self._entry(index).plan, now, failing)
        coming = [time for time in life.coming_attempts(moment, now) if time not in failing]
        if not coming:
            raise RefusedError("No validation will ever be tried for this certificate")
        failing.update(coming[:count])
        return coming[:count]

    def _entry(self, index: int) -> Entry:
        given = self._given.count
        return self._given[index] if index < given else self._added[index - given]

    def _sorted(self, order: Order, first: int | None) -> "array[int]":
        if self._by_creation is None:
            created = array("q", (self._entry(n).plan.created_at for n in range(self.next_index)))
            self._by_creation = array("L", sorted(range(len(created)), key=created.__getitem__))
        indices = self._by_creation if order == "asc" else self._by_creation[::-1]
        return indices if first is None else indices[indices.index(first) :]
