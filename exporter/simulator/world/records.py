"""The simulator's own records, and how they read on the wire."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from exporter.simulator.world.life import State

Renewal = Literal["automatic", "manual", "unknown"]

# Years 1 and 9999: what the calendar has no date for is written as its nearest end.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


class ServiceGroup(msgspec.Struct, frozen=True):
    """A service that uses a certificate."""

    uuid: str
    name: str


class Certificate(msgspec.Struct, frozen=True):
    """One certificate at one moment: the truth to hold a client's view against.

    Times are Unix seconds. Subject, issuer, serial number and validity are None until issued,
    `attempt` and `next` unless pending. `renewal` says who renews it (`unknown` until issued),
    `superseded` that another certificate of the same common name expires later.
    """

    uuid: str
    name: str
    common_name: str
    state: State
    created_at: int
    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_before: int | None
    not_after: int | None
    attempt: int | None
    next: int | None
    service_groups: tuple[ServiceGroup, ...]
    renewal: Renewal
    wildcard: bool
    superseded: bool = False


class Validation(msgspec.Struct, omit_defaults=True):
    """The `validation` object of the specification."""

    attempt: int | None = None
    next: str | None = None


class Item(msgspec.Struct, omit_defaults=True):
    """One element of `data.certificates`, in the order of the specification's sample.

    What is None is absent on the wire.
    """

    status: str | None = None
    uuid: str | None = None
    name: str | None = None
    created_at: str | None = None
    common_name: str | None = None
    state: State | None = None
    validation: Validation | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    service_groups: tuple[ServiceGroup, ...] | None = None
    message: str | None = None
    error: int | None = None


def item(certificate: Certificate, status: str | None = None) -> Item:
    """The certificate with all its details; `status` is left out of a listing of everything."""
    validation = None
    if certificate.state == "pending":
        validation = Validation(certificate.attempt, _iso(certificate.next))
    return Item(
        status,
        certificate.uuid,
        certificate.name,
        _iso(certificate.created_at),
        certificate.common_name,
        certificate.state,
        validation,
        certificate.subject,
        certificate.issuer,
        certificate.serial_number,
        _iso(certificate.not_before),
        _iso(certificate.not_after),
        certificate.service_groups,
    )


def _iso(moment: int | None) -> str | None:
    """ISO 8601 to the second with a `Z`, as in the specification's samples."""
    if moment is None:
        return None
    within = min(max(moment, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(within, UTC).isoformat()[:19] + "Z"
