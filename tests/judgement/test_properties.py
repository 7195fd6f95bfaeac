"""What holds for every certificate and every moment."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.model import Certificate, ServiceGroup
from exporter.judgement import (
    COLOURS,
    PAIRS,
    REASONS,
    Policy,
    attention,
    in_use,
    judge,
    ladders,
    standing,
)
from tests.world.builders import certificate

BEGIN = 1_800_000_000
SPAN = 400 * 86400
LADDER = {reason.name: reason.ladder for reason in REASONS}
GRAVITY = {severity: -place for place, severity in enumerate(COLOURS)}

_moments = st.integers(BEGIN - SPAN, BEGIN + SPAN)
_maybe = st.none() | _moments
_facts: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["example.com-x9d9k", "mine", "other-x9d9k"]),
    "common_name": st.sampled_from(["example.com", "*.example.com", ""]),
    "state": st.sampled_from(["valid", "pending", "error", "rejected", ""]),
    "created_at": _maybe,
    "not_before": _maybe,
    "not_after": _maybe,
    "attempts": st.none() | st.integers(0, 9),
    "issuer": st.sampled_from(["CN=R3,O=Let's Encrypt,C=US", "O=Corp", ""]),
    "service_groups": st.sampled_from([None, (), (ServiceGroup("u", "g"),)]),
    "validation_seen": st.booleans(),
    "told_unissued": st.booleans(),
    "first_seen": _maybe,
}
certificates = st.builds(certificate, **_facts)


def said(c: Certificate, now: float) -> dict[str, tuple[str, str]]:
    """The reason and severity of each ladder."""
    given = judge((c,), now).attention.get(0, ())
    ladders = [LADDER[reason] for reason, _ in given]
    assert len(ladders) == len(set(ladders)), given
    return dict(zip(ladders, given, strict=True))


@given(certificates, _moments)
def test_at_most_one_reason_a_ladder_and_each_is_in_the_table(c: Certificate, now: float) -> None:
    """With a severity that the table knows for its use."""
    for reason, severity in said(c, now).values():
        (row,) = (row for row in REASONS if row.name == reason)
        assert (reason, severity) in PAIRS
        assert severity in (row.in_use if in_use(c) else row.unused)


@given(certificates, _moments, st.integers(0, SPAN))
def test_severity_never_falls_while_facts_stay(c: Certificate, now: float, later: int) -> None:
    """On the ladders of expiry and issuance time makes nothing better."""
    first, second = said(c, now), said(c, now + later)
    for ladder in ("expiry", "issuance"):
        before, after = first.get(ladder), second.get(ladder)
        assert before is None or after is not None
        if before and after:
            assert GRAVITY[after[1]] >= GRAVITY[before[1]]  # type: ignore[index]


@given(certificates)
def test_every_certificate_in_use_is_announced_before_it_expires(c: Certificate) -> None:
    """Whatever else is known of it."""
    if c.not_after is not None and in_use(c):
        assert said(c, c.not_after - 1)["expiry"][0] in (
            "imminent",
            "renewal_overdue",
            "expiring_soon",
        )
        assert said(c, c.not_after)["expiry"] == ("expired", "critical")


@given(certificates, _moments, _moments)
def test_nothing_changes_between_two_moments(c: Certificate, now: float, other: float) -> None:
    """For fixed facts the judgement is a step function of time, and its steps are known."""
    one = (c,)
    first = judge(one, now)
    if now <= other < first.until:
        assert judge(one, other).attention == first.attention
        assert judge(one, other, before=first) is first
    assert first.until > now


@given(certificates, _moments)
def test_the_quick_way_says_what_the_ladders_say(c: Certificate, now: float) -> None:
    """Most certificates are known to be quiet without looking at each rung."""
    policy = Policy()
    slowly, until = attention(ladders(c, standing(c, policy), policy.thresholds), now)
    quickly = judge((c,), now)

    assert quickly.attention.get(0, ()) == slowly
    assert min(until, quickly.until) == quickly.until


@given(certificates, _moments)
def test_what_is_unknown_is_never_healthy(c: Certificate, now: float) -> None:
    """Without an expiry, something is said or will be, but of what is attached to nothing."""
    got = judge((c,), now)

    if c.not_after is None:
        assert got.attention or got.until < math.inf


@given(st.lists(certificates, max_size=6), st.lists(certificates, max_size=6), _moments, _moments)
def test_a_judgement_does_not_depend_on_the_one_before(
    first: list[Certificate], second: list[Certificate], now: float, other: float
) -> None:
    """What is kept is what judging again would give."""
    before = judge(tuple(first), now)
    mixed = (*first[:2], *second)
    got = judge(mixed, other, before=before)

    assert got._replace(since=0) == judge(mixed, other)._replace(since=0)


@pytest.mark.parametrize("policy", [Policy(), None])
def test_another_policy_is_another_judgement(policy: Policy | None) -> None:
    """The same certificates are judged again by other limits."""
    one = (certificate(),)
    other = Policy()._replace(thresholds=Policy().thresholds._replace(validation_attempts=9))
    before = judge(one, BEGIN, policy=policy or other)

    assert (judge(one, BEGIN, before=before) is before) == (policy is not None)
