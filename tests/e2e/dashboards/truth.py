"""What is true of a simulated certificate, said without a query: the yardstick of the dashboards.

Source: the design, "The judgement".
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from exporter.simulator import Certificate

DAY: Final = 86400.0
RANKS: Final = {"critical": 3, "warning": 2, "info": 1}

Reasons = Mapping[str, str]
"""Each reason that applies, with its severity."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """The moments at which a certificate becomes a warning, and critical if it is in use."""

    warning: float
    critical: float


def limits(one: Certificate) -> Limits | None:
    """None before issuance."""
    if one.not_after is None or one.not_before is None:
        return None
    lifetime = one.not_after - one.not_before
    if one.renewal == "automatic":
        return Limits(one.not_after - 0.25 * lifetime, one.not_after - 0.10 * lifetime)
    warning, critical = min(30 * DAY, lifetime / 3), min(7 * DAY, lifetime / 10)
    return Limits(one.not_after - warning, one.not_after - critical)


def superseded(one: Certificate, twins: Sequence[Certificate]) -> bool:
    """Attached to nothing, while another of its metro and domain lasts longer, or as long and is
    in use."""
    if one.service_groups or one.not_after is None:
        return False
    return any(
        (other.not_after, bool(other.service_groups)) > (one.not_after, False)
        for other in twins
        if other.not_after is not None
    )


def _expiry(one: Certificate, now: float) -> Reasons:
    limit, used = limits(one), bool(one.service_groups)
    if limit is None or one.not_after is None:
        return {}
    if one.not_after <= now:
        return {"expired": "critical" if used else "warning"}
    if used and limit.critical < now:
        return {"imminent": "critical"}
    if limit.warning < now:
        return {
            "renewal_overdue" if one.renewal == "automatic" else "expiring_soon": "warning",
        }
    return {}


def _issuance(one: Certificate, now: float) -> Reasons:
    used, issued = bool(one.service_groups), one.not_after is not None
    if one.state == "error":
        lifetime = (one.not_after or 0) - (one.not_before or 0)
        late = not issued or (one.not_after or 0) - now < lifetime / 3
        return {"failed": "critical" if used and late else "warning"}
    age = now - one.created_at
    # Nobody has seen it before: what has been pending for so long is a renewal without dates.
    if not issued and age > 7 * DAY:
        return {"expiry_unknown": "warning"}
    if not issued and age >= 900:
        return {"never_issued": "critical" if used and age >= 3600 else "warning"}
    if (one.attempt or 0) >= 3:
        return {"validation_retrying": "warning"}
    return {}


def _oddity(one: Certificate, now: float) -> Reasons:
    if one.state == "valid" and one.not_after is None:
        return {"expiry_unknown": "warning"}
    if one.not_before is not None and one.not_before > now + 300:
        return {"not_yet_valid": "warning"}
    if one.state == "valid" and not one.service_groups and (one.not_after or 0) > now:
        return {"unused": "info"}
    return {}


def reasons(every: Sequence[Certificate], now: float) -> dict[str, Reasons]:
    """Why each certificate of a metro needs attention, by name."""
    twins: defaultdict[str, list[Certificate]] = defaultdict(list)
    for one in every:
        twins[one.common_name].append(one)
    return {
        one.name: {}
        if superseded(one, twins[one.common_name])
        else {**_expiry(one, now), **_issuance(one, now), **_oddity(one, now)}
        for one in every
    }


def most_severe(found: Reasons) -> str | None:
    """The most severe severity; None where nothing is to do."""
    return max(found.values(), key=lambda severity: RANKS[severity], default=None)
