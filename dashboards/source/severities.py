"""What a colour means, the alerts that only Prometheus can see, and where the runbook is.

Severities and reasons of certificates are the exporter's own, from `exporter.judgement`.
"""

from typing import Final

from exporter.judgement import COLOURS, Severity

OK: Final = "green"
#: Nobody knows; and nobody judges: the colour of the text.
UNKNOWN: Final = "#808080"
PLAIN: Final = "text"

#: Each severity as a number, the most severe first and greatest.
RANKS: Final = {severity: len(COLOURS) - place for place, severity in enumerate(COLOURS)}

RUNBOOK: Final = "https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/runbook.md"

#: What only Prometheus can see: the severities that each alert begins with and may come to.
ALERTS: Final[dict[str, tuple[Severity, ...]]] = {
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
