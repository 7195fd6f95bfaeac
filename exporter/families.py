"""The table of certificate metrics: one record each, from which page and documentation derive."""

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

from exporter.model import Certificate

IDENTITY: Final = ("account", "metro", "name", "common_name")
"""The labels of every sample about one certificate; they outlive a renewal and a re-upload."""

STATES: Final = ("pending", "valid", "error")

_SECONDS_PER_DAY: Final = 86400.0


class Sample(NamedTuple):
    """`labels` are the values of the family's own labels, after those of `IDENTITY`."""

    labels: tuple[str, ...]
    value: float


class Family(NamedTuple):
    """One metric family; `samples` computes those of one certificate at a Unix time.

    A `timed` family changes with the clock, the others only with the certificate.
    """

    name: str
    kind: Literal["gauge", "info"]
    help: str
    samples: Callable[[Certificate, float], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    timed: bool = False


def _value(value: float | None) -> tuple[Sample, ...]:
    """The one sample of a value, and none of an unknown one."""
    return () if value is None else (Sample((), value),)


def _info(c: Certificate, _: float) -> Iterable[Sample]:
    wildcard = "true" if c.wildcard else "false"
    labels = (c.uuid, c.subject, c.issuer, c.serial_number, wildcard, c.renewal)
    return (Sample(labels, 1),)


def _states(c: Certificate, _: float) -> Iterable[Sample]:
    states = STATES if c.state in STATES else (*STATES, c.state)
    return (Sample((state,), state == c.state) for state in states)


def _expiry_days(c: Certificate, now: float) -> Iterable[Sample]:
    if c.not_after is None:
        return ()
    # One second is 0.00001 days: more digits would only grow the page.
    return (Sample((), round((c.not_after - now) / _SECONDS_PER_DAY, 5)),)


FAMILIES: Final = (
    Family(
        "ukc_certificate_info",
        "info",
        "What changes with a renewal or an upload: 1 for each certificate.",
        _info,
        ("uuid", "subject", "issuer", "serial_number", "wildcard", "renewal"),
    ),
    Family(
        "ukc_certificate_state",
        "gauge",
        "1 for the state that the certificate is in, 0 for the others.",
        _states,
        ("state",),
    ),
    Family(
        "ukc_certificate_expiry_days",
        "gauge",
        "Days to expiry when the page was rendered, negative once expired; absent before issuance.",
        _expiry_days,
        timed=True,
    ),
    Family(
        "ukc_certificate_not_after_timestamp_seconds",
        "gauge",
        "End of validity, as Unix time; absent before issuance.",
        lambda c, _: _value(c.not_after),
    ),
    Family(
        "ukc_certificate_not_before_timestamp_seconds",
        "gauge",
        "Beginning of validity, as Unix time; absent before issuance.",
        lambda c, _: _value(c.not_before),
    ),
    Family(
        "ukc_certificate_created_timestamp_seconds",
        "gauge",
        "Creation of the certificate object, as Unix time.",
        lambda c, _: _value(c.created_at),
    ),
    Family(
        "ukc_certificate_validation_attempts",
        "gauge",
        "Attempts of the running validation; 0 when none runs.",
        lambda c, _: _value(c.attempts),
    ),
    Family(
        "ukc_certificate_validation_next_timestamp_seconds",
        "gauge",
        "Next validation attempt, as Unix time; only while pending.",
        lambda c, _: _value(c.next_attempt),
    ),
    Family(
        "ukc_certificate_service_groups",
        "gauge",
        "Service groups that use the certificate.",
        lambda c, _: _value(len(c.service_groups)),
    ),
    Family(
        "ukc_certificate_service_group_info",
        "info",
        "The service groups that use the certificate: 1 for each attachment.",
        lambda c, _: (Sample((group.name, group.uuid), 1) for group in c.service_groups),
        ("service_group", "service_group_uuid"),
    ),
)
