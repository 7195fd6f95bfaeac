"""What makes a command fail."""

from collections.abc import Iterator
from typing import Final, Literal

from exporter.status.model import MetroStatus, Status
from exporter.status.words import count

FailOn = Literal["critical", "warning", "never"]
"""From which severity of a certificate on `status` fails."""

_SEVERITIES: Final = {"critical": ("critical",), "warning": ("critical", "warning"), "never": ()}


def failures(status: Status) -> Iterator[str]:
    """A line for each metro that failed, or of which nothing that it listed could be read."""
    for metro in status.metros:
        if reason := _reason(metro):
            yield f"account {metro.account}, metro {metro.metro}: {reason}"


def _reason(metro: MetroStatus) -> str:
    if metro.failure:
        return f"{metro.failure.reason}: {metro.failure.message}"
    if metro.skipped and not metro.fetched:
        example = metro.skipped_examples[0]
        return f"none of {count(metro.listed, 'certificate')} could be read: {example}"
    return ""


def fails(status: Status, fail_on: FailOn) -> bool:
    """Whether a metro failed, or a certificate needs as much attention as is not accepted."""
    severities = _SEVERITIES[fail_on]
    return any(failures(status)) or any(row.severity in severities for row in status.certificates)
