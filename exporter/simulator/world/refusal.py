"""What the platform refuses, and why, in no protocol's terms."""

from typing import Literal

Reason = Literal["invalid", "too-long", "too-many", "taken", "mismatch", "quota", "unsupported"]
"""Why: `taken` is a name that another certificate has, `mismatch` a certificate for another name,
`unsupported` what this installation cannot do; the rest means what it says."""


class UnknownError(LookupError):
    """No certificate, or no service of it, has that uuid or name."""


class RefusedError(ValueError):
    """The platform does not do what was asked for. The text is for whoever asked."""

    def __init__(self, message: str, reason: Reason = "invalid") -> None:
        super().__init__(message)
        self.reason = reason
