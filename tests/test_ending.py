"""When the process ends by itself: the cases that docs/reliability.md lists, and no others."""

import ast
import re
import socket
import sys
from pathlib import Path

import pytest
import structlog

from exporter.config import Configuration, Shard
from exporter.errors import ConfigurationError
from exporter.exposition.telemetry import Telemetry
from exporter.reload import Reloader
from exporter.web import WebSettings
from tests.world.leaks import MARK
from tests.world.processes import COMMAND, running

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
SECTION = PAGE.partition("## When the process ends by itself\n")[2].partition("\n## ")[0]
LISTED = re.findall(r"^\| (.+) \| ([0-9]) \|$", SECTION, re.MULTILINE)

BROKEN = """
import sys
from exporter import cli
from exporter.{module} import {name}
async def broken(*_): raise ZeroDivisionError("a bug")
{name}.{method} = broken
sys.exit(cli.main(sys.argv[1:]))
"""


def broken(module: str, name: str, method: str) -> tuple[str, ...]:
    """An exporter with a bug there."""
    code = BROKEN.format(module=module, name=name, method=method)
    return (sys.executable, "-c", code)


POLLER = broken("polling.poller", "Poller", "poll")
SERVER = broken("web.listener.server", "Server", "serve")

CASES = {
    "a flag that there is not, or a value that it cannot have": (("--nonsense",), COMMAND),
    "a configuration that cannot be used, at the start": (("--config.file=/none",), COMMAND),
    "a web config file that cannot be used, at the start": (("--web.config.file=/none",), COMMAND),
    "an address that cannot be bound": (("--web.listen-address=127.0.0.1:{taken}",), COMMAND),
    "a bug in the loop of a poller, outside of a poll": ((), POLLER),
    "a bug in the loop of a server, outside of a request": ((), SERVER),
}
"""Flags and command of each case."""


def test_what_is_listed_is_tried() -> None:
    """One case for each line of the page."""
    assert [case for case, _ in LISTED] == list(CASES)


@pytest.mark.parametrize(("case", "code"), LISTED)
async def test_it_ends_with_what_is_listed(case: str, code: str) -> None:
    """The exit code tells whose fault it is, and the last line what it was."""
    flags, command = CASES[case]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = [flag.format(taken=port) for flag in flags]
        address = [] if "listen-address" in str(flags) else ["--web.listen-address=127.0.0.1:0"]
        variables = {"UKC_TOKEN": f"ZW5kaW5n{MARK}==", "UKC_METRO": "http://127.0.0.1:1"}
        async with running(*address, *given, variables=variables, command=command) as process:
            done = await process.ends()

    assert done.code == int(code), done.err
    assert done.err


def calls(tree: ast.AST) -> set[str]:
    """What ends a process, if it is in this code."""
    names = {
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)
    }
    return names & {"sys.exit", "exit", "quit", "os._exit", "os.abort", "os.kill", "SystemExit"}


def test_nothing_else_ends_it() -> None:
    """But the program itself, the last resort after SIGTERM, and the simulator's command."""
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "exporter").rglob("*.py")
        for name in calls(ast.parse(path.read_text()))
    }

    assert found == {
        ("exporter/__main__.py", "sys.exit"),
        ("exporter/service.py", "os._exit"),
        ("exporter/simulator/command.py", "SystemExit"),
    }


async def test_an_error_nobody_foresaw_costs_one_reload() -> None:
    """It is counted and logged with its traceback, and the next reload is right again."""
    loads = iter([RuntimeError("can't start new thread"), None])

    def load() -> Configuration:
        if error := next(loads):
            raise error
        return Configuration(())

    async def apply(_: Configuration) -> None:
        """Nothing is polled here."""

    telemetry = Telemetry(Shard())
    reloader = Reloader(load, apply, WebSettings(None), telemetry)
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(ConfigurationError, match="can't start new thread"):
            await reloader.reload()
        refusal = telemetry.refusal
        await reloader.reload()

    assert "RuntimeError" in refusal
    assert telemetry.refusal == ""
    assert b"ukc_exporter_internal_errors_total 1.0" in telemetry.exposition(openmetrics=False)
    assert [event["log_level"] for event in logs] == ["error", "info"]
    assert "RuntimeError" in logs[0]["traceback"]
