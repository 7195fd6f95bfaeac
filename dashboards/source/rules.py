"""Limits and severities, read from the alert rules, so that a colour and a page never disagree."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ALERTS = Path(__file__).parents[2] / "alerts"

#: From grave to slight; a tile takes the colour of the gravest alert that it stands for.
COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
OK = "green"
#: Nobody knows; and nobody judges: the colour of the text.
UNKNOWN = "#808080"
PLAIN = "text"


def _rules() -> Iterator[dict[str, Any]]:
    for path in sorted(ALERTS.glob("*.rules.yaml")):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            yield from group["rules"]


def _number(rule: str, pattern: str) -> str:
    """The one number that `pattern` finds in the expressions of a recording rule or alert.

    Raises LookupError where the rules have changed their shape, or give two different numbers.
    """
    found = {
        number
        for entry in _rules()
        if rule in (entry.get("record"), entry.get("alert"))
        for number in re.findall(pattern, re.sub(r"#.*", "", entry["expr"]))
    }
    if len(found) != 1:
        raise LookupError(f"{rule}: {pattern!r} finds {sorted(found)}, wanted one number")
    return str(found.pop())


def colour(alert: str) -> str:
    """The colour of an alert's gravest severity; LookupError where no rule has that name."""
    severities = {e["labels"]["severity"] for e in _rules() if e.get("alert") == alert}
    for severity, name in COLOURS.items():
        if severity in severities:
            return name
    raise LookupError(f"no alert is called {alert}")


def percent(share: str) -> str:
    """`0.10` as a reader of descriptions knows it."""
    return f"{float(share):.0%}"


_CERTIFICATE = "certificate:ukc_certificate_"
_WARNING = _CERTIFICATE + "warning_timestamp_seconds:limit"
_CRITICAL = _CERTIFICATE + "critical_timestamp_seconds:limit"

#: Shares of the lifetime left, and days left, from which a certificate is a warning or critical.
WARNING_SHARE = _number(_WARNING, r"-\s*(0\.\d+)\s*\*\s*certificate:")
WARNING_DAYS = _number(_WARNING, r"-\s*(\d+)\s*\*\s*86400")
CRITICAL_SHARE = _number(_CRITICAL, r"-\s*(0\.\d+)\s*\*\s*certificate:")
CRITICAL_DAYS = _number(_CRITICAL, r"-\s*(\d+)\s*\*\s*86400")
#: Attempts of one validation that warn.
ATTEMPTS = _number("UKCCertificateValidationRetrying", r">=\s*(\d+)")
#: Seconds after which the last look at a metro is stale.
STALE_SECONDS = _number("UKCDataStale", r"<\s*time\(\)\s*-\s*(\d+)")
#: Seconds between the expiries of one common name that are drift.
DRIFT_SECONDS = _number("UKCCertificateDrift", r">\s*(\d+)\s*$")
