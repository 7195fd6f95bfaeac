"""From an upload's body to a new entry of the fleet."""

import math
import re
from collections.abc import Callable

from exporter.simulator.http.answers import Code, RequestError, invalid
from exporter.simulator.http.query import Upload
from exporter.simulator.world.entries import Entry, generated_name
from exporter.simulator.world.fleet import Fleet
from exporter.simulator.world.identity import digest
from exporter.simulator.world.life import Plan
from exporter.simulator.world.x509 import Leaf

# Names are listed with commas and stand in paths of other services' pages: letters, digits, ._-
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}", re.IGNORECASE)


def entry(
    upload: Upload,
    common_name: str,
    fleet: Fleet,
    now: float,
    read: Callable[[str, str, str, float], Leaf],
) -> Entry:
    """The certificate that an upload makes, valid at once.

    Raises a 400 for what cannot be accepted and a 409 for a name that is taken.
    """
    domain = checked_domain(common_name)
    name = checked_name(fleet, upload.name, domain)
    leaf = read(upload.chain, upload.pkey, domain, now)
    lifetime = leaf.not_after - leaf.not_before + 1
    return Entry(
        name=name,
        common_name=domain,
        plan=Plan(math.floor(now), lifetime, leaf.not_before, renewed=False),
        uploaded=True,
        key=fleet.next_index,
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial_number=leaf.serial_number,
    )


def checked_domain(common_name: str) -> str:
    """A domain without its trailing dot; a 400 where it is none."""
    domain = common_name.removesuffix(".")
    if len(domain) > 253:
        raise invalid("cn: longer than 253 characters", Code.TOO_LONG)
    if _DOMAIN.fullmatch(domain) is None:
        raise invalid(f"cn: not a domain name: '{domain}'")
    return domain


def checked_name(fleet: Fleet, name: object, domain: str) -> str:
    """The name asked for, or a generated one that is free; a 409 where it is taken."""
    if not isinstance(name, str):
        tries = (generated_name(domain, digest(fleet.seed, fleet.next_index, n)) for n in range(9))
        return next(free for free in tries if fleet.by_name(free) is None)
    if len(name) > 255:
        raise invalid("name: longer than 255 characters", Code.TOO_LONG)
    if _NAME.fullmatch(name) is None:
        raise invalid("name: expected letters, digits, dots, underscores and hyphens")
    if fleet.by_name(name) is not None:
        raise RequestError(409, f"A certificate named '{name}' exists", Code.ALREADY_EXISTS)
    return name
