"""Everything that can go wrong and is not a bug, as one tree.

ExporterError
├── ConfigurationError          the operator's: ends the process with 2
└── PollError                   the vendor's or the network's: ends one poll, never the process
    ├── Unauthorized            unauthorized
    ├── Forbidden               forbidden
    ├── NotFound                not_found
    ├── RateLimited             rate_limited
    ├── ServerError             server_error
    ├── TimedOut                timeout
    ├── ConnectionFailed        connect
    ├── TLSFailed               tls
    ├── Undecodable             undecodable
    ├── TooLarge                too_large
    └── Unexpected              other

An exception outside this tree is a bug in the exporter. While an answer is fetched, read or
rendered it fails that poll as `other` (polling/unforeseen.py); while a configuration is reloaded,
that reload; anywhere else it ends the process.
"""

from typing import ClassVar, Final

REASONS: Final = (
    "unauthorized",
    "forbidden",
    "not_found",
    "rate_limited",
    "server_error",
    "timeout",
    "connect",
    "tls",
    "undecodable",
    "too_large",
    "other",
)
"""The closed set of values that a `reason` label takes."""


class ExporterError(Exception):
    """The root: whatever the exporter raises on purpose."""


class ConfigurationError(ExporterError):
    """The configuration cannot be used; the message names the place and what was expected."""


class PollError(ExporterError):
    """One poll of one metro failed.

    `reason` is one of `REASONS` and safe as a label value.
    `retry_after` is how many seconds the API asked to be left alone, where it said so.
    """

    reason: ClassVar[str]

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unauthorized(PollError):
    """The API did not accept the token, or there is no token to send."""

    reason = "unauthorized"


class Forbidden(PollError):
    """The token is known but may not read certificates."""

    reason = "forbidden"


class NotFound(PollError):
    """Nothing answers under this path: most often a wrong base URL."""

    reason = "not_found"


class RateLimited(PollError):
    """The API asked for fewer requests."""

    reason = "rate_limited"


class ServerError(PollError):
    """The API or a proxy before it failed (5xx)."""

    reason = "server_error"


class TimedOut(PollError):
    """A request or the whole poll took longer than it may."""

    reason = "timeout"


class ConnectionFailed(PollError):
    """No connection could be made (DNS, refused), or it broke off before the answer was whole."""

    reason = "connect"


class TLSFailed(PollError):
    """The API's own TLS certificate or handshake was not acceptable."""

    reason = "tls"


class Undecodable(PollError):
    """The answer is not what the specification describes."""

    reason = "undecodable"


class TooLarge(PollError):
    """The answer is larger than `max_response_bytes`."""

    reason = "too_large"


class Unexpected(PollError):
    """Anything else that the API or the network did."""

    reason = "other"
