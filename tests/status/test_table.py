"""The table of the command, as wide as it is given room."""

import io
import sys

import pytest

from exporter.api.model import ServiceGroup, Unread
from exporter.errors import Unauthorized
from exporter.polling.snapshot import Key
from exporter.status.progress import progress
from exporter.status.table import drawn
from exporter.status.verdict import FailOn, fails, failures
from tests.world.boards import NOW, board, polling
from tests.world.builders import DAY, certificate, snapshot

EXPIRED = certificate(not_after=NOW - 3 * DAY)
SOON = certificate(not_after=NOW + 20 * DAY, not_before=NOW - 345 * DAY, created_at=NOW)
DAL = Key("default", "dal0")


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_preferences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the person who runs the tests."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_it_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentence, metros and certificates; who uses them only where there is room."""
    monkeypatch.setenv("COLUMNS", str(width))
    failing = polling(DAL, error=Unauthorized("the API answered 401"))
    shown = board(snapshot(EXPIRED, taken_at=NOW - 12), metros=(polling(), failing))
    text = drawn(shown.everything()).decode()

    assert max(map(len, text.splitlines())) <= width
    assert text.startswith("1 metro read 12 s ago; dal0 (unauthorized) cannot be read.")
    for part in ("default/dal0", "down", "never", "unauthorized: the API answered 401", "12 s ago"):
        assert part in text
    for part in ("critical", "example.com", "Expired 3 d", "3 d ago", "fra0", "runbook.md"):
        assert part in text
    assert ("USED BY" in text) is (width >= 100)


@pytest.mark.parametrize(
    ("no_colour", "terminal", "expected"),
    [("", True, True), ("1", True, False), ("", False, False)],
)
def test_colours(
    no_colour: str, terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal only, and not where nobody wants them (no-color.org)."""
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    text = drawn(board(snapshot(EXPIRED)).everything())

    assert (b"\x1b[" in text) is expected


def test_the_accounts_of_certificates_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are several."""
    monkeypatch.setenv("COLUMNS", "160")
    other = snapshot(EXPIRED, key=Key("other", "fra0"))
    lines = drawn(board(snapshot(EXPIRED), other).everything()).decode().splitlines()

    assert ["default/fra0", "other/fra0"] == [
        account
        for line in lines
        if line.startswith("critical")
        for account in ("default/fra0", "other/fra0")
        if account in line
    ]


def test_hostile_names() -> None:
    """They neither move the cursor nor colour the terminal nor are markup."""
    name = "\x1b[2J[red]owned[/red]\r\n\u202e"
    groups = (ServiceGroup("u", name),)
    hostile = certificate(name=name, common_name=name, not_after=NOW - 1, service_groups=groups)
    failing = polling(error=Unauthorized(name))
    text = drawn(board(snapshot(hostile), metros=(failing,)).everything()).decode()

    assert text.replace("\n", "").isprintable()
    assert "[red]owned[/red]" in text


def test_a_search_that_finds_nothing() -> None:
    """Is not silent."""
    assert b"No domain or name holds this text." in drawn(
        board(snapshot(EXPIRED)).everything("other")
    )


@pytest.mark.parametrize(
    ("certificates", "fail_on", "expected"),
    [
        ((EXPIRED,), "critical", True),
        ((EXPIRED,), "warning", True),
        ((EXPIRED,), "never", False),
        ((SOON,), "critical", False),
        ((SOON,), "warning", True),
        ((certificate(),), "warning", False),
    ],
)
def test_fail_on(certificates: tuple[object, ...], fail_on: FailOn, expected: bool) -> None:
    """By the most severe of what is shown."""
    assert fails(board(snapshot(*certificates)).everything(), fail_on) is expected  # type: ignore[arg-type]


def test_a_metro_that_fails() -> None:
    """Always counts, one that gave nothing of what it listed as well."""
    unread = (Unread("undecodable", "u", "broken", "Expected `str`"),)
    status = board(
        snapshot(listed=1, unread=unread),
        metros=(polling(), polling(DAL, error=Unauthorized("401"))),
    ).everything()

    assert fails(status, "never")
    assert sorted(failures(status)) == [
        "account default, metro dal0: unauthorized: 401",
        "account default, metro fra0: none of 1 certificate could be read: broken: Expected `str`",
    ]


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        (True, "reading 2 metros …\r\x1b[K1 of 2 metros read …\r\x1b[K"),
        (False, "reading 2 metros\n"),
    ],
)
def test_progress(terminal: bool, expected: str) -> None:
    """One line, gone at the end."""
    stream = io.StringIO()
    polled = progress(2, stream, terminal=terminal)
    polled()
    polled()

    assert stream.getvalue() == expected
