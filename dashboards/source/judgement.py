"""Severities, colours and reasons, from which every colour of the dashboards derives.

Source: docs, "The judgement". The reasons are the exporter's, in its order: the ladders of expiry,
issuance and oddities.
"""

import dataclasses
from typing import Final

#: From grave to slight.
COLOURS: Final = {"critical": "red", "warning": "orange", "info": "blue"}
OK: Final = "green"
#: Nobody knows; and nobody judges: the colour of the text.
UNKNOWN: Final = "#808080"
PLAIN: Final = "text"

#: Each severity as a number, so that the gravest is the greatest.
RANKS: Final = {"critical": 3, "warning": 2, "info": 1}

RUNBOOK: Final = "https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/runbook.md"


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why a certificate needs attention: the severities that it may have, and its alert."""

    name: str
    severities: tuple[str, ...]
    alert: str


REASONS: Final = (
    Reason("expired", ("critical", "warning"), "UKCCertificateExpired"),
    Reason("imminent", ("critical",), "UKCCertificateExpiryImminent"),
    Reason("renewal_overdue", ("warning",), "UKCCertificateRenewalOverdue"),
    Reason("expiring_soon", ("warning",), "UKCCertificateExpiringSoon"),
    Reason("failed", ("critical", "warning"), "UKCCertificateError"),
    Reason("never_issued", ("critical", "warning"), "UKCCertificateIssuancePending"),
    Reason("validation_retrying", ("warning",), "UKCCertificateValidationRetrying"),
    Reason("expiry_unknown", ("warning",), "UKCCertificateExpiryUnknown"),
    Reason("not_yet_valid", ("warning",), "UKCCertificateNotYetValid"),
    Reason("unused", ("info",), "UKCCertificateUnused"),
)

#: What only Prometheus can see: the severities that each alert begins with and may come to.
ALERTS: Final = {
    "UKCCertificateDrift": ("warning",),
    "UKCMetroUnreachable": ("warning", "critical"),
    "UKCUnauthorized": ("critical",),
    "UKCRateLimited": ("warning", "critical"),
    "UKCMetroEmpty": ("info",),
    "UKCDataStale": ("warning",),
    "UKCInventoryDropped": ("warning",),
    "UKCCertificatesSkipped": ("warning",),
    "UKCOmittedCertificates": ("critical", "warning"),
    "UKCClockSkewed": ("warning",),
    "UKCExporterDown": ("critical",),
    "UKCExporterInternalError": ("warning",),
    "UKCExporterConfigReloadFailed": ("warning",),
}

#: Seconds after which the last look at a metro is old (UKCDataStale), unless it is polled rarely.
STALE_SECONDS: Final = 900
#: Seconds between the expiries of one uploaded domain that are drift (UKCCertificateDrift).
DRIFT_SECONDS: Final = 3600


def colour(alert: str) -> str:
    """The colour of what an alert begins with: red is what pages at once. KeyError for no alert."""
    return COLOURS[ALERTS[alert][0]]


def anchor(alert: str) -> str:
    """The alert's section of the runbook, as its address has it."""
    return alert.lower()


def runbook(*alerts: str) -> str:
    """The last line of a description: each alert's section of the runbook, as a link."""
    links = ", ".join(f"[{alert}]({RUNBOOK}#{anchor(alert)})" for alert in alerts)
    return f"Runbook: {links}."
