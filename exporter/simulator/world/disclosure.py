"""What the API tells of a certificate: some generations leave fields out, or invent states."""

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from exporter.simulator.world.life import Moment, State

Field = Literal[
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
]
"""A field of the API that an answer may lack."""

_ISSUED = frozenset({"subject", "issuer", "serial_number", "not_before", "not_after"})


class Disclosure(msgspec.Struct, frozen=True):
    """What answers about one certificate lack, and which states they call otherwise.

    `omits` is left out always, `renewal_omits` while a renewal is pending or has failed;
    `states` are the API's own words for states that it does not call as the specification does.
    """

    omits: tuple[Field, ...] = ()
    renewal_omits: tuple[Field, ...] = ()
    states: Mapping[State, str] = {}

    def omitted(self, moment: Moment) -> tuple[Field, ...]:
        """The fields that an answer lacks at that moment, though there is something to tell."""
        issued = moment.not_before is not None
        renewing = issued and moment.state != "valid"
        omits = {*self.omits, *(self.renewal_omits if renewing else ())}
        if not issued:
            omits -= _ISSUED
        if moment.state != "pending":
            omits.discard("validation")
        return tuple(field for field in get_args(Field) if field in omits)
