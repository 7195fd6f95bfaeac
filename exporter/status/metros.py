"""How the polls of each metro go, in words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from exporter.api.model import Unread
from exporter.config import Thresholds
from exporter.exposition.render import MetroPage
from exporter.judgement import COLOURS, Severity
from exporter.logs import printable
from exporter.polling.metros import Polling
from exporter.status.model import MOST_LISTED, Failure, Grade, MetroStatus, ThresholdsStatus
from exporter.status.rows import moment
from exporter.status.words import MENDS, limits, plain, runbook_url

GRADES: Final[tuple[Grade, ...]] = (*COLOURS, "ok")
"""The most severe first."""

_NOT_MENDED_BY_WAITING: Final = ("unauthorized", "forbidden")


class Metro(NamedTuple):
    """A metro at a moment.

    `newest` is its newest rendering, and `page` the same while its certificates are shown.
    """

    polling: Polling
    newest: MetroPage | None
    page: MetroPage | None


def at(polling: Polling, newest: MetroPage | None, now: float) -> Metro:
    """The metro at `now` (Unix time): what was read too long ago is not shown."""
    stale_after = polling.plan.configuration.stale_after
    shown = newest is not None and now < newest.snapshot.taken_at + stale_after
    return Metro(polling, newest, newest if shown else None)


def most_severe(grades: Iterable[Grade]) -> Grade:
    """The most severe of some grades; `ok` of none."""
    return min(grades, key=GRADES.index, default="ok")


def metro_status(metro: Metro, now: float) -> MetroStatus:
    """The metro at `now` (Unix time), in words."""
    polling, newest, page = metro
    read = None if newest is None else newest.snapshot.taken_at
    digest = page.digest if page else None
    return MetroStatus(
        account=polling.plan.account.name,
        metro=polling.plan.metro.name,
        url=polling.plan.metro.base_url,
        severity=_severity(metro),
        up=polling.error is None if polling.tried else None,
        read_at=moment(read),
        seconds_since_read=None if read is None else _rounded(now - read),
        dropped=newest is not None and page is None,
        failure=_failure(polling),
        next_poll_at=moment(polling.next_poll),
        seconds_to_next_poll=None
        if polling.next_poll is None
        else _rounded(polling.next_poll - now),
        listed=newest.snapshot.listed if newest else 0,
        fetched=newest.snapshot.fetched if newest else 0,
        certificates=len(page.judgement.certificates) if page else 0,
        attention=severities((metro,)),
        skipped=dict(digest.skipped) if digest else {},
        skipped_examples=tuple(map(_example, digest.examples)) if digest else (),
        omitted={reason: n for reason, n in page.omitted.items() if n} if page else {},
        unread_fields=dict(digest.unread_fields) if digest else {},
    )


def _rounded(seconds: float) -> float:
    return round(max(0.0, seconds), 1)


def _severity(metro: Metro) -> Grade:
    error = metro.polling.error
    if error is not None:
        at_once = error.reason in _NOT_MENDED_BY_WAITING
        return "critical" if at_once or metro.page is None else "warning"
    if metro.page is None:
        return "warning" if metro.newest else "info"
    return "warning" if metro.page.digest.skipped else "ok"


def _failure(polling: Polling) -> Failure | None:
    error = polling.error
    if error is None:
        return None
    return Failure(
        reason=error.reason,
        message=printable(plain(str(error))),
        mend=MENDS[error.reason],
        runbook_url=runbook_url(error.reason),
    )


def _example(item: Unread) -> str:
    return printable(f"{item.name or item.uuid or 'one without name and uuid'}: {item.message}")


def reasons(metros: Iterable[Metro]) -> Counter[tuple[str, Severity]]:
    """How many certificates have each reason as their most severe one."""
    total: Counter[tuple[str, Severity]] = Counter()
    for metro in metros:
        if metro.page:
            total.update(metro.page.digest.leading)
    return total


def severities(metros: Iterable[Metro]) -> dict[str, int]:
    """How many certificates have each severity as their most severe one, with a zero for none."""
    total: dict[str, int] = dict.fromkeys(COLOURS, 0)
    for (_, severity), number in reasons(metros).items():
        total[severity] += number
    return total


def thresholds(metros: Sequence[Metro]) -> tuple[ThresholdsStatus, ...]:
    """The limits in force, each with the metros that have them."""
    together: dict[Thresholds, list[str]] = {}
    for metro in metros:
        plan = metro.polling.plan
        together.setdefault(plan.metro.thresholds, []).append("/".join(plan.key))
    return tuple(
        ThresholdsStatus(
            limits=limits(each), metros=tuple(keys[:MOST_LISTED]), metro_count=len(keys)
        )
        for each, keys in together.items()
    )
