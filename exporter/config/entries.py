"""The configuration file as it is written: durations, percentages and patterns are still text."""

from typing import Annotated, Literal

from msgspec import Meta

from exporter.config import DEFAULT_MAX_RESPONSE_BYTES
from exporter.config.document import Strict

Quantity = str | int | float
"""A duration or a percentage; a bare number is neither, which the reader of it says."""

_Series = Literal["all", "attention", "none"]
_Count = Annotated[int, Meta(ge=0)]
_PositiveCount = Annotated[int, Meta(ge=1)]


class LimitsEntry(Strict, frozen=True):
    """When a certificate needs attention as a warning, and when it is critical."""

    warning: Quantity | None = None
    critical: Quantity | None = None


class ThresholdsEntry(Strict, frozen=True):
    """The thresholds of one level: the file, an account or a metro."""

    automatic: LimitsEntry = LimitsEntry()
    manual: LimitsEntry = LimitsEntry()
    never_issued: LimitsEntry = LimitsEntry()
    validation_attempts: _PositiveCount | None = None


class RenewalEntry(Strict, frozen=True):
    """Patterns of the names of certificates for which the evidence misleads."""

    automatic: str | None = None
    manual: str | None = None


class MetroEntry(Strict, frozen=True):
    """A metro with a name and a URL of its own."""

    name: str
    url: str
    allow_insecure: bool = False
    ca_file: str | None = None
    series: _Series | None = None
    max_certificates: _Count | None = None
    include: str | None = None
    exclude: str | None = None
    thresholds: ThresholdsEntry = ThresholdsEntry()
    renewal: RenewalEntry = RenewalEntry()


class AccountEntry(Strict, frozen=True):
    """An account; a metro that is only text is a code or a URL."""

    name: str
    metros: Annotated[tuple[str | MetroEntry, ...], Meta(min_length=1)]
    token_file: str | None = None
    token_env: str | None = None
    max_requests_per_minute: _PositiveCount | None = None
    series: _Series | None = None
    max_certificates: _Count | None = None
    include: str | None = None
    exclude: str | None = None
    thresholds: ThresholdsEntry = ThresholdsEntry()
    renewal: RenewalEntry = RenewalEntry()


class File(Strict, frozen=True):
    """The whole file."""

    accounts: Annotated[tuple[AccountEntry, ...], Meta(min_length=1)]
    interval: Quantity = "60s"
    timeout: Quantity = "10s"
    stale_after: Quantity | None = None
    fetch: Literal["bulk", "batched"] = "bulk"
    max_response_bytes: Annotated[int, Meta(ge=1024)] = DEFAULT_MAX_RESPONSE_BYTES
    ca_file: str | None = None
    proxy_url: str | None = None
    thresholds: ThresholdsEntry = ThresholdsEntry()
