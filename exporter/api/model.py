"""The API's answers as frozen types: the fields that become a metric, and no others."""

import functools
from typing import Generic, TypeVar

import msgspec


class ServiceGroup(msgspec.Struct, frozen=True, gc=False):
    """A service that uses a certificate (specification, "Getting the Status of a Certificate")."""

    uuid: str = ""
    name: str = ""


Time = TypeVar("Time")


class Validation(msgspec.Struct, Generic[Time], frozen=True, gc=False):
    """A running validation: `attempt` counts those made, `next` is when the next one is due."""

    attempt: int = 0
    next: Time | None = None


class Item(msgspec.Struct, Generic[Time], frozen=True, gc=False):
    """One element of `data.certificates` as it stands on the wire; `Time` is how times are read.

    Listing everything leaves out `status`; listing names leaves out all but `uuid` and `name`.
    A failed element has `status` "error", a `message` and an `error` code.
    """

    uuid: str | None = None
    name: str | None = None
    status: str | None = None
    message: str | None = None
    error: int | None = None
    created_at: Time | None = None
    common_name: str | None = None
    state: str | None = None
    validation: Validation[Time] | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: Time | None = None
    not_after: Time | None = None
    service_groups: tuple[ServiceGroup, ...] | None = None


class RequestFailure(msgspec.Struct, frozen=True, gc=False):
    """One element of an envelope's `errors`; `status` is an HTTP status code."""

    status: int | None = None


class Data(msgspec.Struct, frozen=True):
    """The envelope's `data`. Its items are kept raw so that one bad item spoils no other."""

    certificates: list[msgspec.Raw] | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What every answer says of itself; `status` is an open set."""

    status: str | None = None
    message: str | None = None
    errors: tuple[RequestFailure, ...] | None = None


class Envelope(Outcome, frozen=True):
    """What every answer is wrapped in."""

    data: Data | None = None


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """What is known of one certificate.

    Times are Unix seconds; None is unknown, which is what they are before issuance.
    `attempts` is 0 and `next_attempt` None where no validation runs.
    """

    uuid: str
    name: str
    common_name: str
    state: str
    created_at: float | None = None
    not_before: float | None = None
    not_after: float | None = None
    attempts: int = 0
    next_attempt: float | None = None
    subject: str = ""
    issuer: str = ""
    serial_number: str = ""
    service_groups: tuple[ServiceGroup, ...] = ()

    @property
    def wildcard(self) -> bool:
        """Whether the common name is a wildcard one: those are uploaded, never requested."""
        return self.common_name.startswith("*.")

    @property
    def renewal(self) -> str:
        """Who renews it: see `renewal`."""
        return renewal(self.issuer, self.wildcard)


@functools.lru_cache(maxsize=1024)
def renewal(issuer: str, wildcard: bool) -> str:
    """Who renews a certificate: `automatic` (the platform), `manual` (its owner) or `unknown`.

    The platform requests certificates from Let's Encrypt, and none for wildcard domains.
    Before issuance there is no issuer to tell.
    """
    if not issuer:
        return "unknown"
    # The typographic apostrophe is the specification's own spelling in its prose.
    plain = issuer.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
    return "automatic" if "let's encrypt" in plain and not wildcard else "manual"
