"""What a run measured beside its checks, told at its end: passing tests print nothing."""

from typing import Any, Final

import pytest

_MEASUREMENTS: Final[list[str]] = []


def tell(measurement: str) -> None:
    """Have this line told at the end of the run, whichever process the test runs in."""
    _MEASUREMENTS.append(measurement)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands on what it has to tell."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["measurements"] = _MEASUREMENTS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker has to tell; one that crashed has nothing."""
    _MEASUREMENTS.extend(getattr(node, "workeroutput", {}).get("measurements", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell it."""
    for measurement in _MEASUREMENTS:
        terminalreporter.write_line(measurement)
