"""What was true of each certificate, and whether a person was needed: no rule is asked."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from bench.fidelity.exporter import STEP
from bench.fidelity.recording import Moment
from exporter.config import Shard
from exporter.simulator import Certificate

MINUTE, DAY = 60, 86_400
SETTLING = 15 * MINUTE
"""How long a person may go without being told of what could not be known before."""


class Need(NamedTuple):
    """Why a person is needed at one moment.

    `since` (seconds) is when the reason began; `due` from when on an alert must stand.
    `down` says that a service is down because of it.
    """

    reason: str
    since: float
    due: float
    down: bool


class Judged(NamedTuple):
    """One certificate at one step."""

    step: int
    certificate: Certificate
    needs: tuple[Need, ...]


def judged(moments: Sequence[Moment], twins: "Twins", steps: int) -> Iterator[Judged]:
    """Every step at which the certificate is there.

    A shard that cannot know that a certificate was replaced may say what it needs, and need not.
    """
    ends = [moment.step for moment in moments[1:]] + [steps]
    since: dict[str, float] = {}
    for moment, end in zip(moments, ends, strict=True):
        certificate = moment.certificate
        if certificate is None:
            since = {}
            continue
        begun = moment.step * STEP
        for what in _conditions(certificate):
            since.setdefault(what, begun)
        since = {what: since[what] for what in _conditions(certificate)}
        for step in range(moment.step, end):
            now = step * STEP
            needs = tuple(_needs(certificate, now, since))
            if twins.supersede(certificate, step, known=True):
                needs = ()
            elif twins.supersede(certificate, step):
                needs = tuple(need._replace(due=inf, down=False) for need in needs)
            yield Judged(step, certificate, needs)


def _conditions(c: Certificate) -> list[str]:
    conditions = ["there"]
    if c.state == "error":
        conditions.append("error")
    if (c.attempt or 0) >= 3:
        conditions.append("retrying")
    if c.service_groups:
        conditions.append("used")
    return conditions


def _needs(c: Certificate, now: float, since: dict[str, float]) -> Iterator[Need]:
    used = bool(c.service_groups)
    if c.state == "error":
        yield Need("error", since["error"], since["error"] + SETTLING, used and not c.not_after)
    if "retrying" in since:
        yield Need("retrying", since["retrying"], since["retrying"] + SETTLING, False)
    if c.not_after is None or c.not_before is None:
        waiting = max(c.created_at, since["there"])
        if now - waiting >= SETTLING:
            down = used and now - waiting >= 60 * MINUTE
            yield Need("never issued", waiting, waiting + 2 * SETTLING, down)
        return
    lifetime = c.not_after - c.not_before + 1
    if c.not_before > now + 5 * MINUTE:
        yield Need("not yet valid", since["there"], since["there"] + SETTLING, False)
    if c.renewal == "automatic":
        # The platform's first two attempts come within two minutes; after that it is late.
        # An alert has to stand from a quarter on: the platform may still be at it until then.
        late, quarter = c.not_after - lifetime / 3 + 10 * MINUTE, c.not_after - lifetime / 4
    else:
        late = quarter = c.not_after - min(30 * DAY, lifetime / 3)
    if now > late:
        yield Need("running out", late, max(quarter, since["there"]) + SETTLING, False)
    if now >= c.not_after:
        begun = max(c.not_after, since["used"]) if used else c.not_after
        # What the API does not tell, an exporter that was restarted cannot know.
        yield Need("expired", c.not_after, begun + SETTLING, used and "not_after" not in c.omitted)


class Twins:
    """Which certificate of one metro has taken the place of another.

    One of several shards knows of those that it holds.
    """

    def __init__(self, metro: Iterable[list[Moment]], shards: int = 1) -> None:
        self._shards = [Shard(ordinal, shards) for ordinal in range(shards)]
        self._same: dict[str, list[list[Moment]]] = {}
        for moments in metro:
            for common_name in {m.certificate.common_name for m in moments if m.certificate}:
                self._same.setdefault(common_name, []).append(moments)

    def supersede(self, certificate: Certificate, step: int, *, known: bool = False) -> bool:
        """Whether nothing uses it while another of its common name lasts longer.

        With `known`: and whether the shard that holds it knows that.
        """
        if certificate.service_groups or certificate.not_after is None:
            return False
        others = (at(moments, step) for moments in self._same[certificate.common_name])
        return any(
            other is not None
            and other.uuid != certificate.uuid
            and (other.not_after or 0) > certificate.not_after
            and (not known or self._together(certificate.uuid, other.uuid))
            for other in others
        )

    def _together(self, *uuids: str) -> bool:
        return any(all(map(shard.holds, uuids)) for shard in self._shards)


def at(moments: Sequence[Moment], step: int) -> Certificate | None:
    """The certificate at a step, or None where it is not there."""
    position = bisect_right(moments, step, key=lambda moment: moment.step)
    return moments[position - 1].certificate if position else None
