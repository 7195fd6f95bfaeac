"""Who is connected, and who has to go first where there are too many."""

import itertools
from collections.abc import Hashable, Iterator
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Generic, TypeVar

_NETWORK_BITS: Final = 64

T = TypeVar("T", bound=Hashable)


def share(host: str) -> str:
    """What counts as one client address: an IPv4 address, or the /64 of an IPv6 one.

    One host is given a whole /64 (RFC 4291, section 2.5.1). An IPv4 address that is mapped into
    IPv6 counts as itself. Whatever is no address counts as it is.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, _NETWORK_BITS), strict=False))
    return str(address)


class Shares(Generic[T]):
    """Members by the share that they belong to, those of a share in the order of their `put`."""

    def __init__(self) -> None:
        self._shares: dict[str, dict[T, int]] = {}
        self._members: dict[T, str] = {}
        self._moments = itertools.count()

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._members))

    def put(self, member: T, owner: str) -> None:
        """Add a member as the last of its share."""
        self.discard(member)
        self._members[member] = owner
        self._shares.setdefault(owner, {})[member] = next(self._moments)

    def move_to_end(self, member: T) -> None:
        """Make a member the last of its share; whoever is none stays none."""
        owner = self._members.get(member)
        if owner is not None:
            self.put(member, owner)

    def discard(self, member: T) -> None:
        """Remove a member, if it is one."""
        owner = self._members.pop(member, None)
        if owner is not None:
            del self._shares[owner][member]
            if not self._shares[owner]:
                del self._shares[owner]

    def first(self) -> T:
        """The first of the largest share; of equal shares, the one that was put first.

        Raises ValueError without a member.
        """
        largest = max(self._shares.values(), key=lambda s: (len(s), -next(iter(s.values()))))
        return next(iter(largest))
