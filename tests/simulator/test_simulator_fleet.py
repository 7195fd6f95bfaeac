"""What the scenarios show, and that everything follows from seed, metro and clock."""

from collections.abc import Callable

import pytest

from exporter.simulator import SCENARIOS, Certificate
from tests.simulator.simulated import NOW, ask, items, simulator

DAY = 86_400


def left(certificate: Certificate) -> float:
    """Days to expiry; infinite where there is none."""
    return float("inf") if certificate.not_after is None else (certificate.not_after - NOW) / DAY


SHOWN: dict[str, Callable[[Certificate], bool]] = {
    "expired, in use": lambda c: left(c) < 0 and bool(c.service_groups),
    "expired, unused": lambda c: left(c) < 0 and not c.service_groups,
    "imminent": lambda c: 0 < left(c) < 3,
    "renewal overdue": lambda c: (
        c.state == "valid" and c.renewal == "automatic" and 0 < left(c) < 30
    ),
    "manual wildcard expiring soon": lambda c: (
        c.wildcard and c.renewal == "manual" and 0 < left(c) < 14
    ),
    "never issued for an hour, tried several times": lambda c: (
        c.state == "pending"
        and c.not_after is None
        and c.created_at <= NOW - 3600
        and (c.attempt or 0) > 2
    ),
    "pending renewal with its old validity": lambda c: c.state == "pending" and left(c) < 90,
    "error, never issued": lambda c: c.state == "error" and c.not_after is None,
    "error with its old validity": lambda c: c.state == "error" and 14 < left(c) < 30,
    "not yet valid": lambda c: c.not_before is not None and c.not_before > NOW,
    "unused for long": lambda c: not c.service_groups and c.created_at < NOW - 90 * DAY,
    "superseded": lambda c: c.superseded,
    "automatic, 90 days": lambda c: c.renewal == "automatic" and 45 < left(c) < 90,
    "automatic, 45 days": lambda c: "preview" in c.name and 15 < left(c) < 45,
    "automatic, 6 days": lambda c: "edge" in c.name and 2 < left(c) < 6,
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN.keys())
def test_the_mixture_shows_every_state_and_urgency(shown: Callable[[Certificate], bool]) -> None:
    """The demonstration has something to see on every panel."""

    assert [c.name for c in simulator().certificates() if shown(c)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_and_clock_give_the_same_bytes(scenario: str) -> None:
    """Nothing comes from anywhere else."""
    name = "large:1200" if scenario == "large" else scenario
    first, second, other = (
        ask(simulator(name, seed=seed), "GET", "/v1/certificates").content for seed in (1, 1, 2)
    )

    assert first == second
    assert scenario == "metro-outage" or first != other


def test_metros_differ_but_share_what_was_uploaded_to_both() -> None:
    """A domain in two metros: own ids and requested certificates, one upload; and one drift."""
    fra, dal = (
        {c.name: c for c in simulator(metro=metro).certificates()} for metro in ("fra0", "dal0")
    )

    assert not {c.uuid for c in fra.values()} & {c.uuid for c in dal.values()}
    same = "wildcard-example-com"
    assert fra[same].serial_number == dal[same].serial_number
    assert fra["wildcard-cdn"].not_after != dal["wildcard-cdn"].not_after


def test_the_truth_is_what_the_api_says() -> None:
    """The tests' ground truth and the wire are two views of one thing."""
    world = simulator()
    truth = [(c.uuid, c.name, c.state) for c in world.certificates()]

    listed = items(ask(world, "GET", "/v1/certificates"))

    assert truth == [(c["uuid"], c["name"], c["state"]) for c in listed]
