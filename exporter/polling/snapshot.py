"""One complete look at one metro, frozen, and the newest of each."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from exporter.api.items import Unread
from exporter.api.model import Certificate
from exporter.api.protocol import Reading


class Key(NamedTuple):
    """What tells one metro of one account from every other: the labels of its metrics."""

    account: str
    metro: str


class MetroSnapshot(msgspec.Struct, frozen=True):
    """One complete look.

    `taken_at` is Unix time. `certificates` are unique by name and common name.
    `unread` are the items that this look could not read; `carried` tells, by uuid, when a
    certificate that is among them was last read. `filtered` were read and are not wanted.
    """

    key: Key
    taken_at: float
    listed: int = 0
    certificates: tuple[Certificate, ...] = ()
    unread: tuple[Unread, ...] = ()
    carried: Mapping[str, float] = {}
    filtered: int = 0

    def only(self, wanted: Callable[[Certificate], bool]) -> "MetroSnapshot":
        """The same look by somebody who wants these certificates only."""
        certificates = tuple(c for c in self.certificates if wanted(c))
        kept = {c.uuid for c in certificates}
        return msgspec.structs.replace(
            self,
            certificates=certificates,
            carried={uuid: when for uuid, when in self.carried.items() if uuid in kept},
            filtered=self.filtered + len(self.certificates) - len(certificates),
        )

    @property
    def fetched(self) -> int:
        """How many certificates this look read itself, those not wanted included."""
        return len(self.certificates) - len(self.carried) + self.filtered


def look(
    key: Key,
    reading: Reading,
    previous: MetroSnapshot | None,
    *,
    taken_at: float,
    stale_after: float,
) -> MetroSnapshot:
    """The snapshot of a reading.

    A certificate that cannot be read now is carried over from the previous look, until it was
    last read more than `stale_after` seconds ago, unless the API says that it is gone.
    The first of several items with one uuid or one identity is kept: twins would be one series.
    """
    certificates, unread = _unique(reading, previous)
    carried = _carried(certificates, unread, previous, taken_at - stale_after)
    if previous and carried:
        kept = tuple(c for c in previous.certificates if c.uuid in carried)
        certificates = (*certificates, *kept)
    if previous and certificates == previous.certificates:
        certificates = previous.certificates  # the same object tells renderers that nothing changed
    filtered = len(reading.filtered)
    return MetroSnapshot(key, taken_at, reading.listed, certificates, unread, carried, filtered)


def _unique(
    reading: Reading, previous: MetroSnapshot | None
) -> tuple[tuple[Certificate, ...], tuple[Unread, ...]]:
    if previous and reading.certificates == previous.certificates:
        return previous.certificates, reading.unread  # a snapshot's are unique
    if _all_differ(reading.certificates):
        return reading.certificates, reading.unread
    by_identity: dict[tuple[str, str], Certificate] = {}
    by_uuid: dict[str, Certificate] = {}
    twins: list[Unread] = []
    for c in reading.certificates:
        twin = by_uuid.get(c.uuid) or by_identity.get((c.name, c.common_name))
        if twin is None:
            by_uuid[c.uuid] = by_identity[c.name, c.common_name] = c
        else:
            said = f"it is listed twice, or its name is that of {twin.uuid}"
            twins.append(Unread("other", c.uuid, c.name, said))
    return tuple(by_uuid.values()), (*reading.unread, *twins)


def _all_differ(certificates: tuple[Certificate, ...]) -> bool:
    """Whether each has a uuid and a name of its own, as the API has it nearly always."""
    uuids = {c.uuid for c in certificates}
    return len(uuids) == len({c.name for c in certificates}) == len(certificates)


def _carried(
    certificates: tuple[Certificate, ...],
    unread: tuple[Unread, ...],
    previous: MetroSnapshot | None,
    oldest: float,
) -> Mapping[str, float]:
    """When each unread certificate was last read, for those to carry over."""
    lost = {u.uuid for u in unread if u.uuid and u.reason != "not_found"}
    if previous is None or not lost:
        return {}
    read = {c.uuid for c in certificates}
    identities = {(c.name, c.common_name) for c in certificates}
    last_read = {
        c.uuid: previous.carried.get(c.uuid, previous.taken_at)
        for c in previous.certificates
        if c.uuid in lost - read and (c.name, c.common_name) not in identities
    }
    return {uuid: when for uuid, when in last_read.items() if when >= oldest}


class Store:
    """The newest snapshot of each metro.

    A snapshot is published in one assignment on one event loop, so readers need no lock.
    """

    def __init__(self) -> None:
        self._newest: dict[Key, MetroSnapshot] = {}

    def publish(self, snapshot: MetroSnapshot) -> None:
        """Replace the metro's snapshot."""
        self._newest[snapshot.key] = snapshot

    def newest(self, key: Key) -> MetroSnapshot | None:
        """The metro's last complete look, or None before the first."""
        return self._newest.get(key)

    def forget(self, key: Key) -> None:
        """Keep nothing of a metro."""
        self._newest.pop(key, None)

    def __iter__(self) -> Iterator[MetroSnapshot]:
        return iter(tuple(self._newest.values()))
