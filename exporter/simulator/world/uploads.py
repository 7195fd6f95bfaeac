"""Certificates that somebody uploads, new or in the place of others: checked, then held."""

import math

from exporter.simulator.world import identity, x509
from exporter.simulator.world.entries import Entry
from exporter.simulator.world.fleet import Fleet
from exporter.simulator.world.life import Plan
from exporter.simulator.world.names import checked_domain
from exporter.simulator.world.refusal import RefusedError


def upload(
    fleet: Fleet, name: str | None, common_name: str, chain: str, pkey: str, now: float
) -> Entry:
    """A new certificate, valid at once; without a `name` it gets a generated one.

    Raises RefusedError for what cannot be accepted, for a name that is taken, and where the quota
    is used up.
    """
    domain = checked_domain(common_name)
    own_name = fleet.new_name(name, domain)
    leaf = x509.leaf(chain, pkey, domain, now)
    if fleet.quota is not None and len(fleet) >= fleet.quota:
        raise RefusedError(f"The quota of {fleet.quota} certificates is used up", "quota")
    key = fleet.new_key()
    entry = Entry(
        uuid=identity.uuid(key >> 128),
        name=own_name,
        common_name=domain,
        plan=_plan(leaf, math.floor(now)),
        uploaded=True,
        key=key,
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial_number=leaf.serial_number,
    )
    fleet.add(entry)
    return entry


def update(entry: Entry, chain: str, pkey: str, now: float) -> None:
    """Replace a certificate's chain and key: ids, services and creation stay as they were.

    From then on nobody renews it. Raises RefusedError for what `upload` would not accept either.
    """
    leaf = x509.leaf(chain, pkey, entry.common_name, now)
    entry.plan = _plan(leaf, entry.plan.created_at)
    entry.uploaded = True
    entry.subject, entry.issuer = leaf.subject, leaf.issuer
    entry.serial_number = leaf.serial_number


def _plan(leaf: x509.Leaf, created_at: int) -> Plan:
    """Nobody renews it, and it is valid for as long as the leaf says."""
    return Plan(created_at, leaf.not_after - leaf.not_before + 1, leaf.not_before, renewed=False)
