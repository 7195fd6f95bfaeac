"""The table of certificate metrics: one record each, from which page and documentation derive."""

import functools
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from exporter.api.model import Certificate
from exporter.judgement import Attention, Standing
from exporter.polling.snapshot import Key

IDENTITY: Final = ("account", "metro", "name", "common_name")
"""The labels of every sample about one certificate; they outlive a renewal and a re-upload."""

STATES: Final = ("pending", "valid", "error")

SECONDS_PER_DAY: Final = 86400.0

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_ESCAPED: Final = str.maketrans(_ESCAPES)


def escaped(value: str) -> str:
    """A label value as both formats write it between its quotes.

    Source: Prometheus, "Exposition formats", and OpenMetrics 1.0, "Escaping".
    """
    return value.translate(_ESCAPED)


def metro_labels(key: Key) -> str:
    """The labels that every sample about a metro begins with, as they are written."""
    return f'account="{escaped(key.account)}",metro="{escaped(key.metro)}"'


class Block:
    """Neighbouring certificates of one metro, column by column: quicker than one by one.

    `standings` are those of the certificates, `labels` those of the metro, as they are written.
    `attention` has the places of those that need it, in their order, with the reasons.
    """

    def __init__(
        self,
        labels: str,
        certificates: Sequence[Certificate],
        standings: Sequence[Standing],
        attention: Sequence[tuple[int, Attention]] = (),
    ) -> None:
        self.certificates = certificates
        self.standings = standings
        self.attention = attention
        self._labels = labels

    def texts(self, texts: Iterable[str]) -> Sequence[str]:
        """These label values, escaped."""
        column = list(texts)
        whole = "".join(column)
        if any(special in whole for special in _ESCAPES):
            return [escaped(text) for text in column]
        return column

    def column(self, field: str) -> Sequence[str]:
        """The certificates' values of a field of text, escaped."""
        return self.texts(map(attrgetter(field), self.certificates))

    @functools.cached_property
    def identities(self) -> Sequence[str]:
        """The labels of `IDENTITY` of each certificate, as they are written."""
        named = zip(self.column("name"), self.column("common_name"), strict=True)
        return [f'{self._labels},name="{name}",common_name="{cn}"' for name, cn in named]


class Family(NamedTuple):
    """One metric family; `lines` is the text of its samples of some certificates at a Unix time.

    `labels` are the family's own.
    A `timed` family changes with the clock, the others only with the certificates.
    """

    name: str
    kind: Literal["gauge", "info"]
    help: str
    lines: Callable[[Block, float], str]
    labels: tuple[str, ...] = ()
    timed: bool = False


_Values = Callable[[Block, float], Iterable[object]]


def _gauge(name: str, text: str, values: _Values, *, timed: bool = False) -> Family:
    """One sample for each certificate whose value is known."""
    start = f"{name}{{"

    def lines(block: Block, now: float) -> str:
        pairs = zip(block.identities, values(block, now), strict=True)
        return "".join([f"{start}{identity}}} {v}\n" for identity, v in pairs if v is not None])

    return Family(name, "gauge", text, lines, timed=timed)


def _fact(name: str, text: str, field: str) -> Family:
    """One sample for each certificate of which a field that is a number is known."""
    get = attrgetter(field)
    return _gauge(name, text, lambda block, _: map(get, block.certificates))


def _limit(name: str, text: str, field: str) -> Family:
    """One sample for each certificate that has limits."""
    get = attrgetter(field)
    return _gauge(name, text, lambda block, _: map(get, block.standings))


def _one_hot(name: str, text: str, field: str, known: tuple[str, ...]) -> Family:
    """For each certificate a 1 for its own value and a 0 for every other known one."""

    @functools.lru_cache(maxsize=64)
    def around(value: str) -> tuple[str, ...]:
        """What stands before, between and after the identities of a certificate's lines."""
        if not value:  # unknown is absent
            return ("",)
        values = known if value in known else (*known, value)
        ends = [f',{field}="{v}"}} {int(v == value)}\n' for v in values]
        return (f"{name}{{", *(f"{end}{name}{{" for end in ends[:-1]), ends[-1])

    def lines(block: Block, _: float) -> str:
        pairs = zip(block.identities, block.column(field), strict=True)
        # A join takes 0.3 us for the three lines of a certificate, three f-strings take 1.3.
        return "".join([identity.join(around(value)) for identity, value in pairs])

    return Family(name, "gauge", text, lines, (field,))


def _certificate_info(block: Block, _: float) -> str:
    columns = map(block.column, ("uuid", "subject", "issuer", "serial_number"))
    wildcards = ["true" if c.common_name[:2] == "*." else "false" for c in block.certificates]
    renewals = [s.renewal for s in block.standings]
    rows = zip(block.identities, *columns, wildcards, renewals, strict=True)
    return "".join(
        [
            f'ukc_certificate_info{{{identity},uuid="{uuid}",subject="{subject}",issuer="{issuer}",'
            f'serial_number="{serial}",wildcard="{wildcard}",renewal="{renewal}"}} 1\n'
            for identity, uuid, subject, issuer, serial, wildcard, renewal in rows
        ]
    )


def _expiry_days(block: Block, now: float) -> Iterable[object]:
    # One second is 0.00001 days: more digits would only grow the page.
    days = [
        None if (end := c.not_after) is None else f"{(end - now) / SECONDS_PER_DAY:z.5f}"
        for c in block.certificates
    ]
    return [d.rstrip("0").rstrip(".") if d and d[-1] == "0" else d for d in days]


def _service_groups(block: Block, _: float) -> Iterable[object]:
    return [None if c.service_groups is None else len(c.service_groups) for c in block.certificates]


def _attention(block: Block, _: float) -> str:
    return "".join(
        [
            f"ukc_certificate_attention{{{block.identities[place]},"
            f'reason="{reason}",severity="{severity}"}} 1\n'
            for place, reasons in block.attention
            for reason, severity in reasons
        ]
    )


def _service_group_info(block: Block, _: float) -> str:
    attached = [
        (identity, group)
        for identity, c in zip(block.identities, block.certificates, strict=True)
        for group in c.service_groups or ()
    ]
    names = block.texts(group.name for _, group in attached)
    uuids = block.texts(group.uuid for _, group in attached)
    return "".join(
        [
            f'ukc_certificate_service_group_info{{{identity},service_group="{name}",'
            f'service_group_uuid="{uuid}"}} 1\n'
            for (identity, _), name, uuid in zip(attached, names, uuids, strict=True)
        ]
    )


FAMILIES: Final = (
    Family(
        "ukc_certificate_info",
        "info",
        "Certificate metadata (uuid, subject, issuer, serial number, renewal); always 1.",
        _certificate_info,
        ("uuid", "subject", "issuer", "serial_number", "wildcard", "renewal"),
    ),
    _one_hot(
        "ukc_certificate_state",
        "1 for the current state of the certificate, 0 for the other states.",
        "state",
        STATES,
    ),
    _gauge(
        "ukc_certificate_expiry_days",
        "Days to expiry at render time; negative once expired, absent before issuance.",
        _expiry_days,
        timed=True,
    ),
    _fact(
        "ukc_certificate_not_after_timestamp_seconds",
        "End of validity (not_after), as Unix time; absent before issuance.",
        "not_after",
    ),
    _fact(
        "ukc_certificate_not_before_timestamp_seconds",
        "Start of validity (not_before), as Unix time; absent before issuance.",
        "not_before",
    ),
    _fact(
        "ukc_certificate_created_timestamp_seconds",
        "Creation of the certificate object, as Unix time.",
        "created_at",
    ),
    _limit(
        "ukc_certificate_warning_timestamp_seconds",
        "When its expiry becomes a warning, as Unix time; absent before issuance.",
        "warning_at",
    ),
    _limit(
        "ukc_certificate_critical_timestamp_seconds",
        "When its expiry becomes critical if it is in use, as Unix time; absent before issuance.",
        "critical_at",
    ),
    _fact(
        "ukc_certificate_validation_attempts",
        "Number of attempts of the current validation; 0 when none is running.",
        "attempts",
    ),
    _fact(
        "ukc_certificate_validation_next_timestamp_seconds",
        "Next validation attempt, as Unix time; only while pending.",
        "next_attempt",
    ),
    _gauge(
        "ukc_certificate_service_groups",
        "Number of service groups that use the certificate; absent where the API does not say.",
        _service_groups,
    ),
    Family(
        "ukc_certificate_service_group_info",
        "info",
        "Service groups that use the certificate, one series each; always 1.",
        _service_group_info,
        ("service_group", "service_group_uuid"),
    ),
    Family(
        "ukc_certificate_attention",
        "gauge",
        "Why the certificate needs attention now, and how severe it is; always 1, and no series "
        "where there is nothing to do.",
        _attention,
        ("reason", "severity"),
        timed=True,
    ),
)
