"""One complete look at one metro, frozen, and the newest of each."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from exporter.api.model import Certificate, Unread
from exporter.api.protocol import Reading
from exporter.polling.memory import remembered


class Key(NamedTuple):
    """What tells one metro of one account from every other: the labels of its metrics."""

    account: str
    metro: str


class MetroSnapshot(msgspec.Struct, frozen=True):
    """One complete look.

    `taken_at` is Unix time, and `read_at` the same moment by a clock that only goes forward: ages
    are counted by that one. `certificates` are unique by name and common name.
    `unread` are the items that this look could not read; `carried` tells, by uuid, when a
    certificate that is among them was last read. `filtered` were read and are not wanted.
    `odd` are those of the certificates with fields that could not be read.
    """

    key: Key
    taken_at: float
    listed: int = 0
    certificates: tuple[Certificate, ...] = ()
    unread: tuple[Unread, ...] = ()
    carried: Mapping[str, float] = {}
    filtered: int = 0
    odd: tuple[Certificate, ...] = ()
    read_at: float = 0.0

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
    read_at: float,
    stale_after: float,
) -> MetroSnapshot:
    """The snapshot of a reading that began at these moments.

    What was told of a certificate before and is not told now stays true (`remembered`).
    A certificate that cannot be read now is carried over from the previous look, until it was
    last read more than `stale_after` seconds ago, unless the API says that it is gone.
    The best of several items with one uuid or one identity is kept: twins would be one series.
    """
    before = previous.certificates if previous else ()
    certificates, twins = _unique(remembered(reading.certificates, before, taken_at))
    unread = (*reading.unread, *twins)
    carried = _carried(certificates, unread, previous, read_at - stale_after)
    if previous and carried:
        kept = tuple(c for c in previous.certificates if c.uuid in carried)
        certificates = (*certificates, *kept)
    if previous and certificates == previous.certificates:
        certificates = previous.certificates  # the same object tells renderers that nothing changed
    filtered = len(reading.filtered)
    odd = tuple([c for c in certificates if c.unread])
    return MetroSnapshot(
        key, taken_at, reading.listed, certificates, unread, carried, filtered, odd, read_at
    )


def _unique(
    certificates: tuple[Certificate, ...],
) -> tuple[tuple[Certificate, ...], tuple[Unread, ...]]:
    if _all_differ(certificates):
        return certificates, ()
    kept: dict[int, Certificate] = {}
    taken: set[str | tuple[str, str]] = set()
    twins: list[Unread] = []
    places = sorted(range(len(certificates)), key=lambda n: _worth(certificates[n]), reverse=True)
    for place in places:
        c = certificates[place]
        identity = (c.name, c.common_name)
        if identity in taken or (c.uuid and c.uuid in taken):
            message = "it is listed twice, or another one has its name"
            twins.append(Unread("other", c.uuid, c.name, message))
        else:
            kept[place] = c
            taken |= {identity, c.uuid}
    return tuple(kept[place] for place in sorted(kept)), tuple(twins)


def _worth(c: Certificate) -> tuple[bool, float]:
    """Of twins the one that is in use, or may be, is watched, and of those the longest-lasting."""
    return c.service_groups != (), c.not_after or 0.0


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
    """When each unread certificate was last read, by uuid, for those to carry over.

    One whose uuid cannot be read is known by its name. An item without either may be any
    certificate that is missing since there are more such items.
    """
    lost = {u.uuid or u.name for u in unread if not u.gone}
    if previous is None or not lost:
        return {}
    nameless = _nameless(unread)
    anyone = nameless > _nameless(previous.unread)
    read = {"", *(c.uuid for c in certificates)}
    identities = {(c.name, c.common_name) for c in certificates}
    last_read = {
        c.uuid: previous.carried.get(c.uuid, previous.read_at)
        for c in previous.certificates
        if (anyone or (nameless and c.uuid in previous.carried) or lost & {c.uuid, c.name})
        and c.uuid not in read
        and (c.name, c.common_name) not in identities
    }
    return {uuid: when for uuid, when in last_read.items() if when >= oldest}


def _nameless(unread: tuple[Unread, ...]) -> int:
    return sum(not (item.uuid or item.name) for item in unread)


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
