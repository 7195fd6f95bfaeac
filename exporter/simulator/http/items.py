"""How a certificate reads on the wire: the elements of `data.certificates`."""

from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from exporter.simulator.world.records import Certificate, ServiceGroup

# Years 1 and 9999: what the calendar has no date for is written as its nearest end.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


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
    state: str | None = None
    validation: Validation | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    service_groups: tuple[ServiceGroup, ...] | None = None
    message: str | None = None
    error: int | None = None


def detailed(certificate: Certificate, status: str | None = None) -> Item:
    """The certificate as far as the API tells of it; a listing of everything has no `status`."""
    validation = None
    if certificate.state == "pending":
        validation = Validation(certificate.attempt, _iso(certificate.next))
    item = Item(
        status=status,
        uuid=certificate.uuid,
        name=certificate.name,
        created_at=_iso(certificate.created_at),
        common_name=certificate.common_name,
        state=certificate.reported_state,
        validation=validation,
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial_number=certificate.serial_number,
        not_before=_iso(certificate.not_before),
        not_after=_iso(certificate.not_after),
        service_groups=certificate.service_groups,
    )
    return replace(item, **dict.fromkeys(certificate.omitted)) if certificate.omitted else item


def _iso(moment: int | None) -> str | None:
    """ISO 8601 to the second with a `Z`, as in the specification's samples."""
    if moment is None:
        return None
    within = min(max(moment, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(within, UTC).isoformat()[:19] + "Z"
