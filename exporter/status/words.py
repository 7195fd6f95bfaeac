"""What is said to people: spans of time, reasons, and what mends a failure."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from exporter.api.model import Certificate
from exporter.config import Thresholds

PROJECT: Final = "https://github.com/unikraft-cloud/certificate-exporter"
DOCUMENTATION: Final = f"{PROJECT}/blob/main/docs"
RUNBOOK: Final = f"{DOCUMENTATION}/runbook.md"

MENDS: Final[Mapping[str, str]] = {
    "unauthorized": "The API does not accept the token. Put a valid token of this account where "
    "token_file or token_env says; a token file is read again at each poll.",
    "forbidden": "The token is known but may not read certificates. Use a token of the account "
    "that owns them, with permission to read.",
    "not_found": "Nothing answers under this address. Check the metro's code or url: expected is "
    "one such as https://api.fra.unikraft.cloud.",
    "rate_limited": "The API asks for fewer requests. Set a longer interval or "
    "max_requests_per_minute, and check what else uses this token.",
    "server_error": "The API itself fails (5xx), and is asked again. If it lasts, tell the "
    "platform's support.",
    "timeout": "The API did not answer in time. Check the network from this machine, then set a "
    "longer timeout or, for many certificates, fetch: batched.",
    "connect": "No connection can be made, or it breaks off. Check the metro's code or url, DNS, "
    "firewall and proxy_url from this machine.",
    "tls": "The certificate of the API is not trusted. Check the url and this machine's clock; "
    "behind a proxy that inspects TLS, name its CA in ca_file.",
    "undecodable": "The answer is not one of this API. Check that url and proxy_url lead to it "
    "and not to a login page; if they do, report a bug.",
    "too_large": "The answer is larger than max_response_bytes. Set a higher limit, or "
    "fetch: batched.",
    "other": "Nobody foresaw this. The log has the details; if it lasts, report a bug.",
}
"""What to do about each of `errors.REASONS`."""

_LIBRARY: Final = re.compile(r"(?:[A-Z]\w*: )?(?:\[Errno -?\d+\] )?")

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))

_SECTIONS: Final = {
    "unauthorized": "ukcunauthorized",
    "forbidden": "ukcunauthorized",
    "rate_limited": "ukcratelimited",
}

_REASONS: Final[Mapping[str, Callable[[Certificate, float], str]]] = {
    "expired": lambda c, now: f"Expired {since(now - (c.not_after or now))}",
    "imminent": lambda c, now: f"Expires {ahead((c.not_after or now) - now)}",
    "renewal_overdue": lambda *_: "The platform should have renewed it by now",
    "expiring_soon": lambda *_: "Must be renewed by hand",
    "failed": lambda c, _: (
        f"{'Renewal' if c.not_after is not None else 'Issuance'} failed; "
        "the platform does not try again"
    ),
    "never_issued": lambda c, now: (
        "Never issued"
        if c.created_at is None
        else f"Requested {since(now - c.created_at)}, never issued"
    ),
    "validation_retrying": lambda c, now: (
        f"Domain validation was attempted {c.attempts} times{_next_attempt(c, now)}"
    ),
    "expiry_unknown": lambda *_: "The API does not tell when it expires",
    "not_yet_valid": lambda c, now: f"Becomes valid {ahead((c.not_before or now) - now)}",
    "unused": lambda *_: "Valid, but no service uses it",
}


def message(reason: str, c: Certificate, now: float) -> str:
    """A reason of the judgement, said of a certificate at `now` (Unix time)."""
    return _REASONS[reason](c, now)


def plain(error: str) -> str:
    """An error without the name and the number that a library gives it, where more is said."""
    return _LIBRARY.sub("", error, count=1) or error


def runbook_url(failure: str) -> str:
    """Where the runbook says more about a failure of a poll."""
    return f"{RUNBOOK}#{_SECTIONS.get(failure, 'ukcmetrounreachable')}"


def _next_attempt(c: Certificate, now: float) -> str:
    if c.next_attempt is None or c.next_attempt <= now:
        return ""
    return f"; the next attempt is {ahead(c.next_attempt - now)}"


def span(seconds: float) -> str:
    """A span of time in its largest unit, rounded down: `12 s`, `5 min`, `19 h`, `30 d`, `3 y`."""
    seconds = max(seconds, 0.0)
    for unit, length, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{int(seconds // length)} {unit}"
    days = int(seconds // 86400)
    return f"{days} d" if days < 2 * 365 else f"{days // 365} y"


def duration(seconds: float) -> str:
    """The whole span as Prometheus writes it and the configuration has it: `1m30s`, `7d`."""
    milliseconds = round(seconds * 1000)
    parts = []
    for unit, length in _UNITS:
        number, milliseconds = divmod(milliseconds, length)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def since(seconds: float) -> str:
    """How long ago: `12 s ago`."""
    return f"{span(seconds)} ago"


def ahead(seconds: float) -> str:
    """How far ahead: `in 5 min`."""
    return f"in {span(seconds)}" if seconds >= 1 else "now"


def count(number: int, noun: str, plural: str = "") -> str:
    """The number and its noun: `1 metro`, `2 metros`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def limits(thresholds: Thresholds) -> dict[str, str]:
    """The limits of the judgement, each with what it is for."""
    automatic, manual, patience = thresholds.automatic, thresholds.manual, thresholds.never_issued
    before = f"warning {duration(manual.warning)}, critical {duration(manual.critical)}"
    after = f"warning {duration(patience.warning)}, critical {duration(patience.critical)}"
    return {
        "automatic renewal": f"warning with {_share(automatic.warning)}, critical with "
        f"{_share(automatic.critical)} of the lifetime left",
        "manual renewal": f"{before} before expiry, at most a third and a tenth of the lifetime",
        "never issued": f"{after} after the request",
        "domain validation": f"warning from {count(thresholds.validation_attempts, 'attempt')}",
    }


def _share(share: float) -> str:
    return f"{share * 100:.9g}%"
