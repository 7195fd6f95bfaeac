"""What becomes of a certificate: its state at any moment follows from its plan alone."""

from collections.abc import Collection
from typing import Literal

import msgspec

State = Literal["pending", "valid", "error"]

# Seconds from a request to each validation attempt. The first is the seven seconds between
# `created_at` and `not_before` in the specification's sample, the third its `next` after two
# attempts; the delays grow, and nothing follows the last ("no further automatic attempts").
ATTEMPTS = (7, 120, 600, 1_800, 5_400, 14_400, 43_200, 86_400, 172_800, 302_400)


class Plan(msgspec.Struct, frozen=True):
    """Everything that decides one certificate's life. Times are Unix seconds.

    `not_before` is None until a request is issued by its own attempts; the attempt that succeeds
    is `issuance` (None: no attempt does), later ones `renewal`. `renewed` is False where nobody
    renews: an upload, or a platform that has stalled.
    """

    created_at: int
    lifetime: int
    not_before: int | None = None
    issuance: int | None = 1
    renewed: bool = True
    renewal: int | None = 1


class Moment(msgspec.Struct, frozen=True):
    """One certificate at one time: `attempt` and `next` only while pending.

    `order` is when the running request was sent, or when the next renewal will be; None where
    there will be none. `cycle` counts the issuances.
    """

    state: State
    not_before: int | None
    not_after: int | None
    cycle: int = 0
    attempt: int | None = None
    next: int | None = None
    order: int | None = None


def at(plan: Plan, now: float, failing: Collection[int] = ()) -> Moment:
    """The certificate at `now`, where validation attempts at the times in `failing` fail."""
    not_before, cycle = plan.not_before, 0
    if not_before is None:
        first = _attempts(plan.created_at, plan.issuance, now, failing)
        if first.not_before is None:
            return first
        not_before = first.not_before
    while plan.renewed:
        renew_at = not_before + plan.lifetime * 2 // 3
        if now < renew_at:
            return _valid(plan, not_before, cycle, renew_at)
        renewal = _attempts(renew_at, plan.renewal, now, failing)
        if renewal.not_before is None:
            # A renewal keeps its old validity, and with it its service, until it ends.
            return msgspec.structs.replace(
                renewal,
                not_before=not_before,
                not_after=not_before + plan.lifetime - 1,
                cycle=cycle,
            )
        not_before, cycle = renewal.not_before, cycle + 1
    return _valid(plan, not_before, cycle, None)


def coming_attempts(moment: Moment, now: float) -> list[int]:
    """When validation will be tried: in the running request, or in the next renewal."""
    if moment.order is None:
        return []
    return [moment.order + offset for offset in ATTEMPTS if moment.order + offset > now]


def _valid(plan: Plan, not_before: int, cycle: int, order: int | None) -> Moment:
    return Moment("valid", not_before, not_before + plan.lifetime - 1, cycle, order=order)


def _attempts(start: int, succeeding: int | None, now: float, failing: Collection[int]) -> Moment:
    """A request sent at `start`: pending, given up, or issued (then it has a `not_before`)."""
    for number, offset in enumerate(ATTEMPTS, start=1):
        tried_at = start + offset
        if tried_at > now:
            return Moment("pending", None, None, 0, number - 1, tried_at, start)
        if succeeding is not None and number >= succeeding and tried_at not in failing:
            return Moment("valid", tried_at, None)
    return Moment("error", None, None)
