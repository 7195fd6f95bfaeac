"""What is true of a simulated world, said without a query: the yardstick of the dashboards."""

import functools
import time

from exporter.simulator import Certificate
from tests.e2e.dashboards_world import World

DAY = 86400
Place = tuple[str, str]
"""Metro and name."""


@functools.cache
def seen(of: World) -> dict[Place, Certificate]:
    """The certificates that an exporter can know: none where no metro answers."""
    if any(simulator.faults() for simulator in of.simulators):
        return {}
    return {(s.metro, c.name): c for s in of.simulators for c in s.certificates()}


@functools.cache
def superseded(of: World) -> set[Place]:
    """Unused, while another of its domain and metro lasts longer, or as long and is in use."""
    best: dict[Place, tuple[int, bool]] = {}
    for (metro, _), one in seen(of).items():
        if one.not_after is not None:
            worth = (one.not_after, bool(one.service_groups))
            best[metro, one.common_name] = max(worth, best.get((metro, one.common_name), worth))
    return {
        (metro, name)
        for (metro, name), one in seen(of).items()
        if one.not_after is not None
        and not one.service_groups
        and (one.not_after, False) < best[metro, one.common_name]
    }


def renewal(one: Certificate) -> str:
    """Who renews it, as far as anybody can tell from outside: an upload may be Let's Encrypt's."""
    if one.issuer is None:
        return "unknown"
    return "automatic" if "Let's Encrypt" in one.issuer and not one.wildcard else "manual"


def urgency(one: Certificate) -> str | None:
    """What its expiry asks for, by the limits of the alerts."""
    if one.not_after is None or one.not_before is None:
        return None
    left, lifetime = one.not_after - time.time(), one.not_after - one.not_before
    automatic = renewal(one) == "automatic"
    critical = 0.10 * lifetime if automatic or lifetime < 21 * DAY else 7 * DAY
    warning = 0.25 * lifetime if automatic else min(30 * DAY, lifetime / 3)
    if left <= 0:
        return "Expired" if one.service_groups else "Expired, unused"
    if one.service_groups and left < critical:
        return "Imminent"
    return ("Overdue" if automatic else "Expiring soon") if left < warning else None


def verdict(one: Certificate, *, left_over: bool) -> tuple[str, str]:
    """The word for a certificate and its severity; the gravest reason wins."""
    reason = None if left_over else urgency(one)
    used = bool(one.service_groups)
    fresh = (
        one.not_after is not None
        and one.not_before is not None
        and one.not_after - time.time() >= (one.not_after - one.not_before) / 3
    )
    failed = one.state == "error"
    never_issued = one.state == "pending" and one.not_after is None
    found = (
        (reason in {"Expired", "Imminent"}, reason, "critical"),
        (reason == "Expired, unused", reason, "warning"),
        (failed and used and not fresh, "Failed", "critical"),
        (never_issued and used, "Never issued", "critical"),
        (left_over, "Left over", "none"),
        (reason in {"Overdue", "Expiring soon"}, reason, "warning"),
        (failed, "Failed", "warning"),
        (never_issued, "Never issued", "warning"),
        (True, "OK", "none"),
    )
    return next((str(word), severity) for applies, word, severity in found if applies)


@functools.cache
def verdicts(of: World) -> dict[Place, tuple[str, str]]:
    """The verdict on every certificate."""
    return {
        place: verdict(one, left_over=place in superseded(of)) for place, one in seen(of).items()
    }


def count_urgency(of: World, *wanted: str) -> float:
    """How many expire in one of these ways, left-overs excepted."""
    return sum(
        urgency(one) in wanted for place, one in seen(of).items() if place not in superseded(of)
    )


def count_failed(of: World) -> float:
    """How many are in state error, left-overs excepted."""
    return sum(
        one.state == "error" for place, one in seen(of).items() if place not in superseded(of)
    )


def count_never_issued(of: World) -> float:
    """How many are pending with no validity."""
    return sum(one.state == "pending" and one.not_after is None for one in seen(of).values())
