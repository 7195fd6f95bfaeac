"""What becomes of a certificate as time passes."""

import pytest

from exporter.simulator import Clock, Simulator
from exporter.simulator.world.life import ATTEMPTS, Moment, Plan, at
from exporter.simulator.world.scenario import Group
from tests.simulator.simulated import DAY, NOW, account

MINUTE, HOUR = 60, 3_600
LAST = ATTEMPTS[-1]


def issued(lifetime: int = 90 * DAY, **overrides: object) -> Plan:
    """A certificate requested at 0 and issued at once."""
    return Plan(**{"created_at": 0, "lifetime": lifetime, **overrides})  # type: ignore[arg-type]


def essence(moment: Moment) -> tuple[object, ...]:
    """State, validity, attempts made, next attempt."""
    return moment.state, moment.not_before, moment.attempt, moment.next


@pytest.mark.parametrize(
    ("plan", "now", "expected"),
    [
        pytest.param(issued(), 0, ("pending", None, 0, 7), id="requested"),
        pytest.param(issued(), 7, ("valid", 7, None, None), id="issued by the first attempt"),
        pytest.param(
            issued(issuance=3), 119, ("pending", None, 1, 120), id="one attempt has failed"
        ),
        pytest.param(issued(issuance=3), 120, ("pending", None, 2, 600), id="the sample's pending"),
        pytest.param(issued(issuance=3), 600, ("valid", 600, None, None), id="the third succeeds"),
        pytest.param(
            issued(issuance=None), LAST - 1, ("pending", None, 9, LAST), id="one attempt is left"
        ),
        pytest.param(issued(issuance=None), LAST, ("error", None, None, None), id="given up"),
        pytest.param(issued(issuance=None), 9 * LAST, ("error", None, None, None), id="for good"),
        pytest.param(
            issued(), 7 + 60 * DAY - 1, ("valid", 7, None, None), id="a third and a second left"
        ),
        pytest.param(
            issued(), 7 + 60 * DAY, ("pending", 7, 0, 14 + 60 * DAY), id="a third left: renewal"
        ),
        pytest.param(issued(), 14 + 60 * DAY, ("valid", 14 + 60 * DAY, None, None), id="renewed"),
        pytest.param(
            issued(45 * DAY), 14 + 30 * DAY, ("valid", 14 + 30 * DAY, None, None), id="45 days"
        ),
        pytest.param(
            issued(6 * DAY), 14 + 4 * DAY, ("valid", 14 + 4 * DAY, None, None), id="6 days"
        ),
        pytest.param(
            issued(renewal=None),
            7 + 61 * DAY,
            ("pending", 7, 8, 7 + 62 * DAY),
            id="a renewal that fails keeps its validity",
        ),
        pytest.param(
            issued(renewal=None), 7 + 64 * DAY, ("error", 7, None, None), id="until it is given up"
        ),
        pytest.param(
            issued(renewal=None), 900 * DAY, ("error", 7, None, None), id="and long after"
        ),
        pytest.param(
            issued(6 * DAY, renewal=None),
            7 + 6 * DAY,
            ("pending", 7, 9, 7 + 4 * DAY + LAST),
            id="six days are over before the attempts are",
        ),
        pytest.param(
            issued(not_before=5, renewed=False), 900 * DAY, ("valid", 5, None, None), id="an upload"
        ),
    ],
)
def test_a_certificate_at_a_moment(plan: Plan, now: int, expected: tuple[object, ...]) -> None:
    """Requests are retried with growing delays; renewal starts at a third of the lifetime."""

    assert expected == essence(at(plan, now))


def test_the_delays_grow() -> None:
    """Each is longer than the one before."""
    delays = [after - before for before, after in zip((0, *ATTEMPTS), ATTEMPTS, strict=False)]

    assert delays == sorted(set(delays))


def test_validity_is_the_lifetime_with_both_ends_in_it() -> None:
    """As in the specification's sample: 90 days less a second."""
    moment = at(issued(), DAY)

    assert (moment.not_after or 0) - (moment.not_before or 0) == 90 * DAY - 1


@pytest.mark.parametrize("failing", [(), (3 * 4 * DAY,), (14 + 4 * DAY,), (14 + 8 * DAY, 10**12)])
def test_a_century_of_renewals(failing: tuple[int, ...]) -> None:
    """Each follows from the one before, to the second; a failed attempt moves all that follow."""
    plan = issued(6 * DAY, renewal=2)
    not_before, cycle, now = 7, 0, 36_500 * DAY
    while now >= (start := not_before + 4 * DAY):
        tried = [start + offset for offset in ATTEMPTS[1:]]
        not_before, cycle = next(time for time in tried if time not in failing), cycle + 1

    moment = at(plan, now, failing)

    assert (not_before, cycle) == (moment.not_before, moment.cycle)


def states(world: Simulator, *steps: int) -> list[tuple[str, int | None]]:
    """State and attempts after each step of the clock."""
    after: list[tuple[str, int | None]] = []
    for step in steps:
        world.advance(step)
        [certificate] = world.certificates()
        after.append((certificate.state, certificate.attempt))
    return after


@pytest.mark.parametrize(
    ("group", "count", "steps", "expected"),
    [
        pytest.param(
            Group("a.example", name="a", age="1m", issuance_attempts=2),
            1,
            (MINUTE, 8 * MINUTE),
            [("pending", 2), ("valid", None)],
            id="pending: the next attempt",
        ),
        pytest.param(
            Group("a.example", name="a", age="1m", issuance_attempts=2),
            20,
            (3 * DAY, DAY),
            [("pending", 9), ("error", None)],
            id="pending: all of them",
        ),
        pytest.param(
            Group("a.example", name="a", expires_in="31d"),
            2,
            (DAY + 1, 2 * MINUTE, 8 * MINUTE),
            [("pending", 0), ("pending", 2), ("valid", None)],
            id="valid: the next renewal's",
        ),
    ],
)
def test_validations_can_be_made_to_fail(
    group: Group, count: int, steps: tuple[int, ...], expected: list[tuple[str, int | None]]
) -> None:
    """An attempt that would have succeeded fails, and the next one is waited for."""
    world = account(group)

    world.fail_next_validation("a", count)

    assert expected == states(world, *steps)


def test_validations_made_to_fail_add_up() -> None:
    """Asking again means the attempt after."""
    world = account(Group("a.example", name="a", age="1m", issuance_attempts=2))
    created_at = NOW - MINUTE

    first, second = world.fail_next_validation("a"), world.fail_next_validation("a")

    assert ([created_at + 120], [created_at + 600]) == (first, second)


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(Group("a.example", name="a", source="upload"), id="an upload"),
        pytest.param(Group("a.example", name="a", age="6d", issuance="fails"), id="given up"),
        pytest.param(Group("a.example", name="a", renewal="stalls"), id="stalled"),
    ],
)
def test_what_is_never_validated_cannot_fail(group: Group) -> None:
    """Nobody waits for a failure that never comes."""
    world = account(group)

    with pytest.raises(ValueError, match="No validation"):
        world.fail_next_validation("a")


class Source:
    """A clock that is set."""

    time = 100.0

    def __call__(self) -> float:
        """The time it was set to."""
        return self.time


@pytest.mark.parametrize(
    ("start", "speed", "expected"),
    [
        pytest.param(None, 1.0, 115.0, id="the wall clock"),
        pytest.param(0, 1.0, 15.0, id="from 0"),
        pytest.param(0, 60.0, 605.0, id="a minute in a second"),
        pytest.param(-1000.5, 0.0, -995.5, id="standing still, before 1970"),
    ],
)
def test_the_clock(start: float | None, speed: float, expected: float) -> None:
    """It starts anywhere, runs at any speed, and takes steps."""
    source = Source()
    clock = Clock(start, speed, source)

    source.time += 10
    clock.advance(5)

    assert expected == clock.now()


@pytest.mark.parametrize(
    "impossible",
    [
        pytest.param(lambda: Clock(speed=-1), id="backwards"),
        pytest.param(lambda: Clock(speed=float("inf")), id="at infinite speed"),
        pytest.param(lambda: Clock(start=1e12), id="in the year 33658"),
        pytest.param(lambda: Clock(start=float("nan")), id="at no time"),
        pytest.param(lambda: Clock().advance(-1), id="a step back"),
        pytest.param(lambda: Clock().advance(float("nan")), id="a step of no length"),
    ],
)
def test_time_that_cannot_be(impossible: object) -> None:
    """What no calendar has is refused where it is asked for."""
    with pytest.raises(ValueError, match=r"expected a number|out of the calendar"):
        impossible()  # type: ignore[operator]


def test_the_end_of_time_has_a_date() -> None:
    """However far the clock is advanced, every answer can be written."""
    world = account(Group("a.example"), Group("b.example", source="upload", lifetime="9000y"))

    world.advance(1e15)

    assert [c.state for c in world.certificates()] == ["valid", "valid"]
