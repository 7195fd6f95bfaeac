"""The table of certificate metrics: one record each, from which page and documentation derive."""

import functools
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Final, Literal, NamedTuple

from exporter.api.model import Certificate, renewal
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

    `labels` are the family's own; `reads` are the fields of a certificate that its samples show,
    beside those of its identity, those first that change most often.
    A `timed` family changes with the clock, the others only with the certificates.
    """

    name: str
    kind: Literal["gauge", "info"]
    help: str
    lines: Callable[[Block, float], str]
    reads: tuple[str, ...]
    labels: tuple[str, ...] = ()
    timed: bool = False


_Values = Callable[[Block, float], Iterable[object]]


def _gauge(name: str, text: str, field: str, values: _Values, *, timed: bool = False) -> Family:
    """One sample for each certificate whose value, made of one field, is known."""
    start = f"{name}{{"

    def lines(block: Block, now: float) -> str:
        pairs = zip(block.identities, values(block, now), strict=True)
        return "".join([f"{start}{identity}}} {v}\n" for identity, v in pairs if v is not None])

    return Family(name, "gauge", text, lines, (field,), timed=timed)


def _plain(name: str, text: str, field: str) -> Family:
    """One sample for each certificate whose field, a number, is known."""
    return _gauge(name, text, field, _field(field))


def _field(field: str) -> _Values:
    """The values of a field that is a number or unknown."""
    get = attrgetter(field)

    def values(block: Block, _: float) -> Iterable[object]:
        # Nearly all are whole and read as such: those are written quickly.
        known = map(get, block.certificates)
        return [v if v is None or type(v) is int else number(v) for v in known]

    return values


def _info(
    name: str,
    text: str,
    labels: tuple[str, ...],
    reads: tuple[str, ...],
    columns: Callable[[Block], tuple[Iterable[str], ...]],
) -> Family:
    """A 1 for each row of the columns: identities, then the values of the labels."""
    pattern = f"{name}{{%s" + "".join(f',{label}="%s"' for label in labels) + "} 1\n"
    *before, end = pattern.split("%s")

    def lines(block: Block, _: float) -> str:
        # One join for all rows is several times as quick as the pattern filled for each.
        row = zip(before, columns(block), strict=True)
        parts = [part for text, column in row for part in (repeat(text), column)]
        return "".join(chain.from_iterable(zip(*parts, repeat(end), strict=False)))

    return Family(name, "info", text, lines, reads, labels)


def _one_hot(name: str, text: str, field: str, known: tuple[str, ...]) -> Family:
    """For each certificate a 1 for its own value and a 0 for every other known one."""

    @functools.lru_cache(maxsize=64)
    def around(value: str) -> tuple[str, ...]:
        """What stands before, between and after the identities of a certificate's lines."""
        values = known if value in known else (*known, value)
        ends = [f',{field}="{v}"}} {int(v == value)}\n' for v in values]
        return (f"{name}{{", *(f"{end}{name}{{" for end in ends[:-1]), ends[-1])

    def lines(block: Block, _: float) -> str:
        pairs = zip(block.identities, block.column(field), strict=True)
        return "".join([identity.join(around(value)) for identity, value in pairs])

    return Family(name, "gauge", text, lines, (field,), (field,))


def _certificate_columns(block: Block) -> tuple[Iterable[str], ...]:
    issuers = [c.issuer for c in block.certificates]
    wildcards = [c.wildcard for c in block.certificates]
    fields = map(block.column, ("uuid", "subject", "issuer", "serial_number"))
    written = ["true" if wildcard else "false" for wildcard in wildcards]
    return block.identities, *fields, written, map(renewal, issuers, wildcards)


def _expiry_days(block: Block, now: float) -> Iterable[object]:
    # One second is 0.00001 days: more digits would only grow the page.
    return [
        None
        if c.not_after is None
        else f"{(c.not_after - now) / SECONDS_PER_DAY:z.5f}".rstrip("0").rstrip(".")
        for c in block.certificates
    ]


def _service_groups(block: Block, _: float) -> Iterable[object]:
    return [len(c.service_groups) for c in block.certificates]


def _attachment_columns(block: Block) -> tuple[Iterable[str], ...]:
    attached = [
        (identity, group)
        for identity, c in zip(block.identities, block.certificates, strict=True)
        for group in c.service_groups
    ]
    names = block.texts(group.name for _, group in attached)
    uuids = block.texts(group.uuid for _, group in attached)
    return [identity for identity, _ in attached], names, uuids


FAMILIES: Final = (
    _info(
        "ukc_certificate_info",
        "What changes with a renewal or an upload: 1 for each certificate.",
        ("uuid", "subject", "issuer", "serial_number", "wildcard", "renewal"),
        ("serial_number", "uuid", "subject", "issuer"),
        _certificate_columns,
    ),
    _one_hot(
        "ukc_certificate_state",
        "1 for the state that the certificate is in, 0 for the others.",
        "state",
        STATES,
    ),
    _gauge(
        "ukc_certificate_expiry_days",
        "Days to expiry when the page was rendered, negative once expired; absent before issuance.",
        "not_after",
        _expiry_days,
        timed=True,
    ),
    _plain(
        "ukc_certificate_not_after_timestamp_seconds",
        "End of validity, as Unix time; absent before issuance.",
        "not_after",
    ),
    _plain(
        "ukc_certificate_not_before_timestamp_seconds",
        "Beginning of validity, as Unix time; absent before issuance.",
        "not_before",
    ),
    _plain(
        "ukc_certificate_created_timestamp_seconds",
        "Creation of the certificate object, as Unix time.",
        "created_at",
    ),
    _plain(
        "ukc_certificate_validation_attempts",
        "Attempts of the running validation; 0 when none runs.",
        "attempts",
    ),
    _plain(
        "ukc_certificate_validation_next_timestamp_seconds",
        "Next validation attempt, as Unix time; only while pending.",
        "next_attempt",
    ),
    _gauge(
        "ukc_certificate_service_groups",
        "Service groups that use the certificate.",
        "service_groups",
        _service_groups,
    ),
    _info(
        "ukc_certificate_service_group_info",
        "The service groups that use the certificate: 1 for each attachment.",
        ("service_group", "service_group_uuid"),
        ("service_groups",),
        _attachment_columns,
    ),
)
