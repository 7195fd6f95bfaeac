"""Names of domains and certificates: which the platform takes, and those it makes up."""

import re

from exporter.simulator.world.identity import suffix
from exporter.simulator.world.refusal import RefusedError

# Names are listed with commas and stand in paths of other services' pages: letters, digits, ._-
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}", re.IGNORECASE)


def checked_domain(common_name: str) -> str:
    """The domain without its trailing dot; RefusedError where it is no domain name."""
    name = common_name.removesuffix(".")
    if len(name) > 253:
        raise RefusedError("cn: longer than 253 characters", "too-long")
    if _DOMAIN.fullmatch(name) is None:
        raise RefusedError(f"cn: not a domain name: '{name}'")
    return name


def checked_name(name: str) -> str:
    """The name as it was asked for; RefusedError where no certificate can be called so."""
    if len(name) > 255:
        raise RefusedError("name: longer than 255 characters", "too-long")
    if _NAME.fullmatch(name) is None:
        raise RefusedError("name: expected letters, digits, dots, underscores and hyphens")
    return name


def generated_name(common_name: str, number: int) -> str:
    """`<cn>-X` (uploading, note 1): X are five random alphanumerics, a wildcard's `*.` is cut."""
    return f"{common_name.removeprefix('*.')[:249]}-{suffix(number, 5)}"


def folded(name: str) -> str:
    """A domain name for comparison: case and a trailing dot do not matter (RFC 4343)."""
    return name.lower().removesuffix(".")
