"""Judged certificates as rows: those of one domain in one condition together."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from exporter.api.model import Certificate
from exporter.exposition.digest import Urgency, leading, urgency
from exporter.judgement import REASONS, Attention, Judgement
from exporter.polling.snapshot import Key
from exporter.status.model import MOST_LISTED, CertificateStatus, Grade, ReasonStatus
from exporter.status.words import RUNBOOK, message

_SECTIONS: Final = {reason.name: f"{RUNBOOK}#{reason.section}" for reason in REASONS}


LOOKED_AT: Final = 4
"""How many entries are looked at for each row of a bounded page.

Twins are neighbours: nearly all of them are found.
"""


class Entry(NamedTuple):
    """One certificate of a metro, by its place in the judgement; entries sort by urgency."""

    urgency: Urgency
    common_name: str
    key: Key
    place: int
    judgement: Judgement

    @property
    def certificate(self) -> Certificate:
        """The certificate itself."""
        return self.judgement.certificates[self.place]

    @property
    def attention(self) -> Attention:
        """The reasons that apply to it."""
        return self.judgement.attention.get(self.place, ())


def entry(key: Key, judgement: Judgement, place: int, order: Urgency | None = None) -> Entry:
    """The entry of the certificate in a place; `order` is its urgency where that is known."""
    c = judgement.certificates[place]
    return Entry(order or urgency(judgement, place), c.common_name, key, place, judgement)


def order(item: Entry) -> tuple[Urgency, str, Key, int]:
    """What entries are sorted by."""
    return item[:4]


def rows(
    entries: Iterable[Entry], now: float, most: int | None
) -> tuple[list[CertificateStatus], int]:
    """At most so many rows, in the order of the entries, and how many certificates they hold."""
    together: dict[tuple[object, ...], list[Entry]] = {}
    for item in islice(entries, None if most is None else LOOKED_AT * most):
        c = item.certificate
        same = (item.key.account, c.common_name or c.name, item.attention, c.state)
        if same in together or most is None or len(together) < most:
            together.setdefault(same, []).append(item)
    held = sum(len(items) for items in together.values())
    return [_row(items, now) for items in together.values()], held


def _row(items: Sequence[Entry], now: float) -> CertificateStatus:
    first = items[0]
    certificates = [item.certificate for item in items]
    soonest = min(certificates, key=lambda c: c.not_after or 0.0)
    metros = tuple(dict.fromkeys(item.key.metro for item in items))
    names = tuple(dict.fromkeys(c.name for c in certificates))
    users = _users(certificates)
    reasons = tuple(_reason(name, severity, soonest, now) for name, severity in first.attention)
    grade: Grade = leading(first.attention)[1] if first.attention else "ok"
    return CertificateStatus(
        severity=grade,
        count=len(items),
        reasons=reasons,
        message="; ".join(reason.message for reason in reasons) or _quiet(first),
        account=first.key.account,
        metros=metros[:MOST_LISTED],
        metro_count=len(metros),
        common_name=soonest.common_name,
        names=names[:MOST_LISTED],
        name_count=len(names),
        state=soonest.state or "unknown",
        renewal=first.judgement.standings[first.place].renewal,
        not_after=moment(soonest.not_after),
        seconds_left=None if soonest.not_after is None else round(soonest.not_after - now, 1),
        service_groups=None if users is None else users[:MOST_LISTED],
        service_group_count=None if users is None else len(users),
    )


def _reason(name: str, severity: str, c: Certificate, now: float) -> ReasonStatus:
    return ReasonStatus(
        reason=name,
        severity=severity,  # type: ignore[arg-type]
        message=message(name, c, now),
        runbook_url=_SECTIONS[name],
    )


def _users(certificates: Iterable[Certificate]) -> tuple[str, ...] | None:
    """The service groups of all of them; None where one does not tell."""
    groups = [c.service_groups for c in certificates]
    if None in groups:
        return None
    return tuple(dict.fromkeys(g.name or g.uuid for some in groups for g in some or ()))


def _quiet(item: Entry) -> str:
    """What is said of a certificate that needs no attention."""
    c = item.certificate
    if c.state != "valid":
        return "Is being renewed" if c.not_after is not None else "Is being issued"
    if c.service_groups == ():
        return "Superseded: another certificate of its domain lasts longer"
    return "Healthy"


def moment(seconds: float | None) -> dt.datetime | None:
    """A Unix time as the moment that a calendar has for it, in whole seconds."""
    if seconds is None:
        return None
    try:
        return dt.datetime.fromtimestamp(int(seconds), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def matching(key: Key, judgement: Judgement, needles: Sequence[str]) -> Iterator[Entry]:
    """The certificates of a metro whose name or domain holds one of the needles (lower case)."""
    for place, c in enumerate(judgement.certificates):
        name = c.name.lower()
        if any(needle in name or needle in c.common_name for needle in needles):
            yield entry(key, judgement, place)
