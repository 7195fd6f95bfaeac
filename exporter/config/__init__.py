"""What the operator wants, as frozen types, and the file and the environment that say it.

The types stand here. Nothing may enter that talks to the API or serves; what the web config file
says belongs to `exporter.web.access`.
"""

import zlib
from pathlib import Path
from typing import Final, Literal, NamedTuple

from exporter.config.patterns import Pattern
from exporter.config.tokens import Token, TokenFile, TokenSource, TokenVariable

__all__ = [
    "DEFAULT_MAX_RESPONSE_BYTES",
    "DEFAULT_STALE_AFTER",
    "Account",
    "Authorities",
    "Configuration",
    "Expiry",
    "Metro",
    "Patience",
    "Pattern",
    "Renewal",
    "Selection",
    "Shard",
    "Thresholds",
    "Token",
    "TokenFile",
    "TokenSource",
    "TokenVariable",
]

DEFAULT_MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
DEFAULT_STALE_AFTER: Final = 7 * 86400.0


class Authorities(NamedTuple):
    """Certificate authorities in PEM, as their file was when the configuration was read."""

    path: Path
    pem: str


class Selection(NamedTuple):
    """Which of a metro's certificates are exported, and which of those have their own series.

    `include` and `exclude` are matched against the whole name and the whole common name.
    """

    series: Literal["all", "attention", "none"] = "all"
    max_certificates: int | None = None
    include: Pattern | None = None
    exclude: Pattern | None = None


class Expiry(NamedTuple):
    """How much is left of a certificate when it needs attention: seconds, or a share of its life.

    `critical` is at most `warning`.
    """

    warning: float
    critical: float


class Patience(NamedTuple):
    """After how many seconds something that has not happened needs attention.

    `critical` is at least `warning`.
    """

    warning: float
    critical: float


class Thresholds(NamedTuple):
    """The limits of the judgement.

    `automatic` has shares of the lifetime, `manual` seconds; `validation_attempts` is the number
    from which a validation that is tried again needs attention.
    """

    automatic: Expiry = Expiry(0.25, 0.10)
    manual: Expiry = Expiry(30 * 86400.0, 7 * 86400.0)
    never_issued: Patience = Patience(900.0, 3600.0)
    validation_attempts: int = 3


class Renewal(NamedTuple):
    """Certificates of whose renewal the operator knows better than the evidence tells.

    Each pattern is matched against the whole name of a certificate.
    """

    automatic: Pattern | None = None
    manual: Pattern | None = None


class Metro(NamedTuple):
    """`name` is the `metro` label; `base_url` has neither a trailing slash nor `/v1`.

    Without `authorities`, those of the system are trusted.
    """

    name: str
    base_url: str
    authorities: Authorities | None = None
    selection: Selection = Selection()
    thresholds: Thresholds = Thresholds()
    renewal: Renewal = Renewal()


class Account(NamedTuple):
    """`name` is the `account` label; all its metros share one budget of requests."""

    name: str
    token: TokenSource
    metros: tuple[Metro, ...]
    max_requests_per_minute: int | None = None


class Shard(NamedTuple):
    """One of `total` exporters that share the certificates; `ordinal` begins at 0."""

    ordinal: int = 0
    total: int = 1

    def holds(self, uuid: str) -> bool:
        """Whether a certificate is this exporter's: by the CRC-32 of its uuid (RFC 1952)."""
        return zlib.crc32(uuid.encode()) % self.total == self.ordinal


class Configuration(NamedTuple):
    """Durations are in seconds. With several shards each fetches in batches, whatever `fetch` is.

    Equal values mean that a reload changes nothing (decisions/0403).
    """

    accounts: tuple[Account, ...]
    interval: float = 60.0
    timeout: float = 10.0
    stale_after: float = DEFAULT_STALE_AFTER
    fetch: Literal["bulk", "batched"] = "bulk"
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    proxy_url: str | None = None
    shard: Shard = Shard()

    @property
    def batched(self) -> bool:
        """Whether a poll lists first and then fetches in batches."""
        return self.fetch == "batched" or self.shard.total > 1
