"""One event a line, whatever stands in it."""

import json
import logging
from typing import Any

import pytest
import structlog

from exporter.logs import configure_logging


def written(
    capsys: pytest.CaptureFixture[str], form: Any, level: str = "info", **event: Any
) -> str:
    configure_logging(level, form)
    structlog.get_logger().info("something happened", **event)
    return capsys.readouterr().err


def test_logfmt(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, level and message first."""
    line = written(capsys, "logfmt", metro="fra0", seconds=0.5)
    start, _, rest = line.partition(" ")

    assert start.startswith("ts=20")
    assert rest == 'level=info msg="something happened" metro=fra0 seconds=0.5\n'


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as one object."""
    got = json.loads(written(capsys, "json", metro="grün"))

    assert (got["level"], got["msg"], got["metro"]) == ("info", "something happened", "grün")


@pytest.mark.parametrize("form", ["logfmt", "json"])
@pytest.mark.parametrize("name", ["a\nlevel=error", "\x1b[2J", "q\"uo'te", "\u2028", "x" * 5000])
def test_a_hostile_name_stays_in_its_line(
    capsys: pytest.CaptureFixture[str], form: str, name: str
) -> None:
    """Nothing that comes from afar ends a line, moves a cursor or fills a disk."""
    line = written(capsys, form, name=name)

    assert (len(line.splitlines()), line.rstrip("\n").isprintable()) == (1, True)
    assert len(line) < 1300


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the level nothing is written."""
    assert written(capsys, "logfmt", level="warn") == ""


def test_libraries_are_heard_from_warnings_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Even at debug: their debug lines show what is on the wire."""
    configure_logging("debug", "logfmt")
    for level in ("debug", "info", "warning"):
        getattr(logging.getLogger("httpcore"), level)("%s of a library", level)
    lines = capsys.readouterr().err

    assert (lines.count("library"), "warning of a library" in lines) == (1, True)
