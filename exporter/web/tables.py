"""The tables of the page: how each metro is read, and the certificates."""

from collections.abc import Iterator
from html import escape
from typing import Final

from exporter.status.model import CertificateStatus, MetroStatus, Status
from exporter.status.words import ahead, count, since
from exporter.web.markup import badge, cell, fitting, left, link, listed, moment, table, text

_METROS_CHARACTERS: Final = 40_000
_CERTIFICATES_CHARACTERS: Final = 130_000

_METRO: Final = (
    ("Metro", ""),
    ("Status", ""),
    ("Read", ""),
    ("Next try", ""),
    ("Certificates", "number"),
    ("Need attention", "number"),
    ("Skipped", "number"),
)
_CERTIFICATE: Final = tuple(
    (name, "") for name in ("Severity", "Domain", "Reason", "Expires", "Metros", "Used by")
)


def metros_table(status: Status) -> str:
    """How each metro is read, the most severe first."""
    kept = fitting(map(_metro, status.metros), _METROS_CHARACTERS)
    return table("metros", "Metros", _METRO, kept) + left(len(status.metros) - len(kept), "metro")


def _metro(metro: MetroStatus) -> str:
    read, wait = metro.seconds_since_read, metro.seconds_to_next_poll
    name = f"{text(metro.account, 40)} / {text(metro.metro, 40)}"
    need = sum(metro.attention.values())
    skipped = sum(metro.skipped.values())
    known = metro.read_at is not None and not metro.dropped
    numbers = zip(_METRO[4:], (metro.certificates, need, skipped), strict=True)
    cells = (
        f'<th scope="row" role="rowheader">{name}</th>',
        cell("Status", _up(metro), "state"),
        cell("Read", "never" if read is None else moment(metro.read_at, since(read))),
        cell("Next try", "not known" if wait is None else moment(metro.next_poll_at, ahead(wait))),
        *(cell(label, f"{n:,}" if known else "unknown", css) for (label, css), n in numbers),
    )
    notes = "".join(_notes(metro))
    note = f'<tr role="row" class="note"><td role="cell" colspan="7">{notes}</td></tr>\n'
    return f'<tr role="row">{"".join(cells)}</tr>\n{note if notes else ""}'


def _up(metro: MetroStatus) -> str:
    if metro.up is None:
        return badge("info", "Not read yet")
    return badge("ok", "Up") if metro.up else badge(metro.severity, "Down")


def _notes(metro: MetroStatus) -> Iterator[str]:
    """What is to be known of a metro beside its numbers: a failure, and what is not seen."""
    if failure := metro.failure:
        yield (
            f'<p class="mend {metro.severity}"><code>{failure.reason}</code>: '
            f"{text(failure.message, 300)} (<code>{text(metro.url, 120)}</code>)<br>"
            f"{escape(failure.mend)} "
            f"{link(failure.runbook_url, 'Runbook', failure.reason)}</p>"
        )
    if metro.dropped:
        yield '<p class="quiet">Its certificates were read too long ago to be shown.</p>'
    for words, numbers in (
        ("Skipped, because they cannot be read", metro.skipped),
        ("Without series of their own, left out by", metro.omitted),
        ("Fields that cannot be read", metro.unread_fields),
    ):
        if numbers:
            told = ", ".join(f"{escape(key)} ({n:,})" for key, n in sorted(numbers.items()))
            yield f'<p class="quiet">{words}: {told}.</p>'
    if metro.skipped_examples:
        yield f'<p class="quiet">For example {text(metro.skipped_examples[0], 200)}</p>'


def heading(status: Status) -> str:
    """What the certificates below have in common, and how many there are."""
    if status.query:
        return f"{count(status.matching, 'certificate')} found"
    return f"Certificates that need attention ({status.matching:,} of {status.total:,})"


def certificates_table(status: Status) -> str:
    """The certificates, the most severe first, as many as there is room for."""
    if not status.certificates:
        return f"<p>{'No domain or name holds this text.' if status.query else 'None.'}</p>\n"
    several = status.accounts > 1
    rows = (_certificate(row, with_account=several) for row in status.certificates)
    kept = fitting(rows, _CERTIFICATES_CHARACTERS)
    more = status.more + sum(row.count for row in status.certificates[len(kept) :])
    found = table("certificates", heading(status), _CERTIFICATE, kept)
    return found + left(more, "certificate", ": search finds them")


def _certificate(row: CertificateStatus, *, with_account: bool) -> str:
    account = f"{text(row.account, 40)}: " if with_account else ""
    names = listed(row.names, row.name_count, most=2, width=60)
    domain = text(row.common_name, 70) if row.common_name else "no domain"
    cells = (
        f'<td role="cell">{badge(row.severity)}</td>',
        f'<th scope="row" role="rowheader">{domain}<br><span class="quiet">{names}</span></th>',
        cell("Reason", _reasons(row)),
        cell("Expires", _expires(row)),
        cell("Metros", f"<span>{account}{listed(row.metros, row.metro_count)}</span>"),
        cell("Used by", f"<span>{_users(row)}</span>"),
    )
    return f'<tr role="row">{"".join(cells)}</tr>\n'


def _reasons(row: CertificateStatus) -> str:
    if not row.reasons:
        return escape(row.message)
    items = (
        f"<li>{escape(reason.message)}. {link(reason.runbook_url, 'Runbook', reason.reason)}</li>"
        for reason in row.reasons
    )
    return f'<ul class="reasons">{"".join(items)}</ul>'


def _expires(row: CertificateStatus) -> str:
    left = row.seconds_left
    if left is None:
        return "not known" if row.state == "valid" else "not issued"
    words = ahead(left) if left > 0 else since(-left)
    day = f' <span class="quiet whole">{row.not_after:%Y-%m-%d}</span>' if row.not_after else ""
    return f"<span>{moment(row.not_after, words)}{day}</span>"


def _users(row: CertificateStatus) -> str:
    if row.service_groups is None:
        return "not known"
    return listed(row.service_groups, row.service_group_count or 0, most=3) or "nothing"
