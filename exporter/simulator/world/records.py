"""What is true of one certificate at one moment, to hold a client's view against."""

from typing import Literal

import msgspec

from exporter.simulator.world.disclosure import Field
from exporter.simulator.world.life import State

Renewal = Literal["automatic", "manual", "unknown"]


class ServiceGroup(msgspec.Struct, frozen=True):
    """A service that uses a certificate."""

    uuid: str
    name: str


class Certificate(msgspec.Struct, frozen=True):
    """One certificate at one moment: the truth to hold a client's view against.

    Times are Unix seconds. Subject, issuer, serial number and validity are None until issued,
    `attempt` and `next` unless pending. `renewal` says who renews it (`unknown` until issued),
    `superseded` that another certificate of the same common name expires later.
    What the API tells may be less: `reported_state` is its word for the state, and of the fields
    in `omitted` it tells nothing now.
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
    reported_state: str
    omitted: tuple[Field, ...] = ()
    superseded: bool = False
