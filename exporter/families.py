"""The table of certificate metrics: one record each, from which page and documentation derive."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from exporter.model import Certificate
from exporter.snapshot import Key

IDENTITY: Final = ("account", "metro", "name", "common_name")
"""The labels of every sample about one certificate; they outlive a renewal and a re-upload."""

STATES: Final = ("pending", "valid", "error")

SECONDS_PER_DAY: Final = 86400.0

_SPECIAL: Final = re.compile(r'[\\"\n]')
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}

Row = tuple[object, ...]
"""One sample: the labels of its identity as they are written, its own label values, its value."""


def escaped(value: str) -> str:
    """A label value as both formats write it between its quotes.

    Source: Prometheus, "Exposition formats", and OpenMetrics 1.0, "Escaping".
    """
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)


def number(value: float) -> str:
    """A sample value; whole numbers without a point or an exponent."""
    return str(int(value)) if value == int(value) else repr(value)


def metro_labels(key: Key) -> str:
    """The labels that every sample about a metro begins with, as they are written."""
    return f'account="{escaped(key.account)}",metro="{escaped(key.metro)}"'


class Block:
    """Neighbouring certificates of one metro, column by column: quicker than one by one."""

    def __init__(self, labels: str, certificates: Sequence[Certificate]) -> None:
        self.certificates = certificates
        self._labels = labels

    def texts(self, texts: Iterable[str]) -> Sequence[str]:
        """These label values, escaped."""
        column = list(texts)
        return [escaped(text) for text in column] if _SPECIAL.search("".join(column)) else column

    def column(self, field: str) -> Sequence[str]:
        """The certificates' values of a field of text, escaped."""
        return self.texts(map(attrgetter(field), self.certificates))

    @cached_property
    def identities(self) -> Sequence[str]:
        """The labels of `IDENTITY` of each certificate, as they are written."""
        pattern = f'{self._labels.replace("%", "%%")},name="%s",common_name="%s"'
        return [
            pattern % row
            for row in zip(self.column("name"), self.column("common_name"), strict=True)
        ]


class Family(NamedTuple):
    """One metric family; `rows` computes its samples of some certificates at a Unix time.

    `labels` are the family's own. A `timed` family changes with the clock, the others only with
    the certificates.
    """

    name: str
    kind: Literal["gauge", "info"]
    help: str
    rows: Callable[[Block, float], Iterable[Row]]
    labels: tuple[str, ...] = ()
    timed: bool = False


def _known(field: str) -> Callable[[Block, float], Iterable[Row]]:
    """One sample for each certificate whose value is known."""
    value = attrgetter(field)

    def rows(block: Block, _: float) -> Iterable[Row]:
        return [
            (identity, v if type(v) is int else number(v))
            for identity, v in zip(block.identities, map(value, block.certificates), strict=True)
            if v is not None
        ]

    return rows


def _info(block: Block, _: float) -> Iterable[Row]:
    wildcards = ["true" if c.wildcard else "false" for c in block.certificates]
    renewals = [c.renewal for c in block.certificates]
    fields = map(block.column, ("uuid", "subject", "issuer", "serial_number"))
    return zip(block.identities, *fields, wildcards, renewals, (1,) * len(renewals), strict=True)


def _states(block: Block, _: float) -> Iterable[Row]:
    """The known states of each certificate, and its own where that is another."""
    for identity, state in zip(block.identities, block.column("state"), strict=True):
        yield identity, "pending", int(state == "pending")
        yield identity, "valid", int(state == "valid")
        yield identity, "error", int(state == "error")
        if state not in STATES:
            yield identity, state, 1


def _expiry_days(block: Block, now: float) -> Iterable[Row]:
    # One second is 0.00001 days: more digits would only grow the page.
    return [
        (identity, f"{(c.not_after - now) / SECONDS_PER_DAY:z.5f}".rstrip("0").rstrip("."))
        for identity, c in zip(block.identities, block.certificates, strict=True)
        if c.not_after is not None
    ]


def _service_groups(block: Block, _: float) -> Iterable[Row]:
    counts = map(len, map(attrgetter("service_groups"), block.certificates))
    return zip(block.identities, counts, strict=True)


def _service_group_info(block: Block, _: float) -> Iterable[Row]:
    attached = [
        (identity, group)
        for identity, c in zip(block.identities, block.certificates, strict=True)
        for group in c.service_groups
    ]
    names = block.texts(group.name for _, group in attached)
    uuids = block.texts(group.uuid for _, group in attached)
    return zip(
        (identity for identity, _ in attached), names, uuids, (1,) * len(attached), strict=True
    )


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
        _known("not_after"),
    ),
    Family(
        "ukc_certificate_not_before_timestamp_seconds",
        "gauge",
        "Beginning of validity, as Unix time; absent before issuance.",
        _known("not_before"),
    ),
    Family(
        "ukc_certificate_created_timestamp_seconds",
        "gauge",
        "Creation of the certificate object, as Unix time.",
        _known("created_at"),
    ),
    Family(
        "ukc_certificate_validation_attempts",
        "gauge",
        "Attempts of the running validation; 0 when none runs.",
        _known("attempts"),
    ),
    Family(
        "ukc_certificate_validation_next_timestamp_seconds",
        "gauge",
        "Next validation attempt, as Unix time; only while pending.",
        _known("next_attempt"),
    ),
    Family(
        "ukc_certificate_service_groups",
        "gauge",
        "Service groups that use the certificate.",
        _service_groups,
    ),
    Family(
        "ukc_certificate_service_group_info",
        "info",
        "The service groups that use the certificate: 1 for each attachment.",
        _service_group_info,
        ("service_group", "service_group_uuid"),
    ),
)
