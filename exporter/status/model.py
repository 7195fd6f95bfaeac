"""The status of everything that is polled, as frozen types that are its JSON too."""

import datetime as dt
from typing import Final, Literal

import msgspec

from exporter.judgement import Severity

Grade = Severity | Literal["ok"]
"""A severity, or `ok` where nothing needs attention."""


MOST_LISTED: Final = 5
"""How many metros, names or services of a row are named."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a metro's last poll failed: `reason` is one of `errors.REASONS`, `mend` what to do."""

    reason: str
    message: str
    mend: str
    runbook_url: str


class MetroStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One metro of one account.

    `up` is None before the first poll has ended, `read_at` before one succeeded. `listed` and
    `fetched` are of the last successful poll. The certificates of a metro that is `dropped` were
    last read too long ago to be shown.
    """

    account: str
    metro: str
    url: str
    severity: Grade
    up: bool | None
    read_at: dt.datetime | None
    seconds_since_read: float | None
    dropped: bool
    failure: Failure | None
    next_poll_at: dt.datetime | None
    seconds_to_next_poll: float | None
    listed: int
    fetched: int
    certificates: int
    attention: dict[str, int]
    skipped: dict[str, int]
    skipped_examples: tuple[str, ...]
    omitted: dict[str, int]
    unread_fields: dict[str, int]


class ReasonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of the judgement, in words."""

    reason: str
    severity: Severity
    message: str
    runbook_url: str


class CertificateStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates of a domain and account in one condition, in one metro or several.

    They are `count`, and `not_after` is the soonest end. Of `names`, `metros` and `service_groups`
    at most `MOST_LISTED` are given, of the counts all; None where it is not known what uses them.
    """

    severity: Grade
    count: int
    reasons: tuple[ReasonStatus, ...]
    message: str
    account: str
    metros: tuple[str, ...]
    metro_count: int
    common_name: str
    names: tuple[str, ...]
    name_count: int
    state: str
    renewal: str
    not_after: dt.datetime | None
    seconds_left: float | None
    service_groups: tuple[str, ...] | None
    service_group_count: int | None


class ThresholdsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the judgement in words, and the metros (`account/metro`) that they are for."""

    limits: dict[str, str]
    metros: tuple[str, ...]
    metro_count: int


class ConfigurationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration in force; `refusal` says why a later one was refused."""

    loaded_at: dt.datetime | None
    refusal: str
    interval_seconds: float
    stale_after_seconds: float


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at `now`, the most severe first.

    `certificates` are those that need attention, or all that match the `query`; the counts are of
    single certificates, `more` of those that are not among them.
    """

    version: str
    now: dt.datetime | None
    severity: Grade
    summary: str
    query: str
    metros: tuple[MetroStatus, ...]
    certificates: tuple[CertificateStatus, ...]
    matching: int
    more: int
    total: int
    attention: dict[str, int]
    thresholds: tuple[ThresholdsStatus, ...]
    configuration: ConfigurationStatus

    @property
    def accounts(self) -> int:
        """How many accounts the metros are of."""
        return len({metro.account for metro in self.metros})
