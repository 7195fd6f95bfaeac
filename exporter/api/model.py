"""What is known of a certificate, as frozen types, and the API's envelope."""

from typing import Final, NamedTuple

import msgspec

FIELDS: Final = (
    "uuid",
    "name",
    "created_at",
    "common_name",
    "state",
    "validation",
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "service_groups",
)
"""The fields of a certificate (specification, "Getting the Status of a Certificate")."""

ISSUED_FIELDS: Final = ("subject", "issuer", "serial_number", "not_before", "not_after")
"""Those that exist once a certificate was issued, and that pending and failed ones leave out."""


class ServiceGroup(msgspec.Struct, frozen=True, gc=False):
    """A service that uses a certificate (specification, "Getting the Status of a Certificate")."""

    uuid: str = ""
    name: str = ""


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """What is known of one certificate; an empty text and None are what is not known.

    Times are Unix seconds. `common_name` is as DNS compares it (`names.domain`).
    `attempts` is 0 and `next_attempt` None where no validation runs.
    `service_groups` is empty where the certificate is known to be attached to nothing.
    `validation_seen` tells that the platform validated the domain for it, now or before.
    `told_unissued` tells that the API gave an empty or zero expiry rather than none.
    `first_seen` is when this process first saw it, kept for as long as no expiry is known.
    `unread` names the fields that could not be read, or that are no longer told.
    """

    uuid: str
    name: str
    common_name: str = ""
    state: str = ""
    created_at: float | None = None
    not_before: float | None = None
    not_after: float | None = None
    attempts: int | None = 0
    next_attempt: float | None = None
    subject: str = ""
    issuer: str = ""
    serial_number: str = ""
    service_groups: tuple[ServiceGroup, ...] | None = None
    validation_seen: bool = False
    told_unissued: bool = False
    first_seen: float | None = None
    unread: tuple[str, ...] = ()

    @property
    def wildcard(self) -> bool:
        """Whether the common name is a wildcard one: those are uploaded, never requested."""
        return self.common_name.startswith("*.")

    @property
    def lifetime(self) -> float | None:
        """Seconds from the beginning to the end of validity; None where it has no sense."""
        if self.not_after is None or self.not_before is None or self.not_after <= self.not_before:
            return None
        return self.not_after - self.not_before


class Unread(NamedTuple):
    """An item that could not be read: `reason` is one of `errors.REASONS`.

    `gone` is whether the API says that there is no such certificate.
    """

    reason: str
    uuid: str
    name: str
    message: str
    gone: bool = False


class RequestFailure(msgspec.Struct, frozen=True, gc=False):
    """One element of an envelope's `errors`; `status` is an HTTP status code."""

    status: int | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What every answer says of itself; `status` is an open set."""

    status: str | None = None
    message: str | None = None
    errors: tuple[RequestFailure, ...] | None = None


class Data(msgspec.Struct, frozen=True):
    """The envelope's `data`. Its items are kept raw, so that one bad item spoils no other."""

    certificates: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET


class Envelope(Outcome, frozen=True):
    """What every answer is wrapped in."""

    data: Data | None = None
