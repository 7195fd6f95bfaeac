"""The status as a table on a terminal, drawn by Rich (decisions/0702)."""

import io
import os
import shutil
import sys
from collections.abc import Iterable
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporter.logs import printable
from exporter.status.model import CertificateStatus, Grade, MetroStatus, Status
from exporter.status.words import ahead, since

_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "cyan", "ok": "green"}
_WIDTH_OF_A_FILE: Final = 160
_WIDTH_WITH_USERS: Final = 100
_LONGEST_WHOLE_DOMAIN: Final = 30


def drawn(status: Status) -> bytes:
    """The sentence, the metros and the certificates, the most severe first, for standard output.

    As wide as the terminal; coloured on one only, and not with `NO_COLOR` (no-color.org).
    """
    stream = sys.stdout
    terminal = stream is not None and stream.isatty() and not os.environ.get("NO_COLOR")
    encoding = getattr(stream, "encoding", None) or "utf-8"
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=terminal,
        width=shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns,
        safe_box=not encoding.lower().startswith("utf"),
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(Group(*_parts(status, console.width)))
    return text.getvalue().encode(encoding, "replace")


def _parts(status: Status, width: int) -> Iterable[RenderableType]:
    yield Text(status.summary, style=_STYLES[status.severity])
    yield ""
    yield _metros(status.metros)
    for metro in status.metros:
        yield from _notes(metro)
    yield ""
    if status.certificates:
        yield _certificates(status, with_users=width >= _WIDTH_WITH_USERS)
    elif status.query:
        yield "No domain or name holds this text."
    links = {reason.runbook_url for row in status.certificates for reason in row.reasons}
    if links:
        yield Text(f"Runbook: {min(links).partition('#')[0]}")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _metros(metros: Iterable[MetroStatus]) -> Table:
    table = _table("METRO", "STATUS", "READ", "CERTIFICATES", "NEED ATTENTION", "SKIPPED")
    for metro in metros:
        read = metro.seconds_since_read
        numbers = (metro.certificates, sum(metro.attention.values()), sum(metro.skipped.values()))
        table.add_row(
            _text(f"{metro.account}/{metro.metro}"),
            Text("up" if metro.up else "down", style=_STYLES["ok" if metro.up else metro.severity]),
            "never" if read is None else since(read),
            *("unknown" if read is None else f"{n:,}" for n in numbers),
        )
    return table


def _notes(metro: MetroStatus) -> Iterable[RenderableType]:
    name = f"{metro.account}/{metro.metro}"
    if failure := metro.failure:
        yield Text(f"{name}: {failure.reason}: {failure.message}. {failure.mend}")
    for words, numbers in (
        ("skipped", metro.skipped),
        ("without series of their own", metro.omitted),
        ("fields that cannot be read", metro.unread_fields),
    ):
        if numbers:
            told = ", ".join(f"{key} ({n:,})" for key, n in sorted(numbers.items()))
            yield _text(f"{name}: {words}: {told}")


def _certificates(status: Status, *, with_users: bool) -> Table:
    rows, several = status.certificates, status.accounts > 1
    columns = ("SEVERITY", "DOMAIN", "REASON", "EXPIRES", "METROS", "USED BY")
    table = _table(*(columns if with_users else columns[:-1]))
    longest = max(len(_domain(row)) for row in rows)
    least = (8, min(longest, _LONGEST_WHOLE_DOMAIN), 12, 10, 8, 12)
    for column, width in zip(table.columns, least, strict=False):
        column.min_width = width
    for row in rows:
        cells = (
            _grade(row.severity),
            _domain(row),
            _text(row.message),
            _expires(row),
            _listed([f"{row.account}/{m}" if several else m for m in row.metros], row.metro_count),
            _users(row),
        )
        table.add_row(*cells[: len(table.columns)])
    return table


def _users(row: CertificateStatus) -> Text:
    if row.service_groups is None:
        return Text("not known")
    return _listed(row.service_groups[:2], row.service_group_count or 0) or Text("nothing")


def _grade(grade: Grade) -> Text:
    return Text("OK" if grade == "ok" else grade, style=_STYLES[grade])


def _domain(row: CertificateStatus) -> Text:
    return _text(row.common_name or row.names[0])


def _expires(row: CertificateStatus) -> str:
    left = row.seconds_left
    if left is None:
        return "not known" if row.state == "valid" else "not issued"
    return ahead(left) if left > 0 else since(-left)


def _listed(values: Iterable[str], total: int) -> Text:
    shown = [printable(value) for value in values]
    more = f", {total - len(shown):,} more" if total > len(shown) else ""
    return Text(", ".join(shown) + more)


def _text(value: str) -> Text:
    """A text from outside: nothing in it moves the cursor or colours the terminal."""
    return Text(printable(value))
