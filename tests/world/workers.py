"""How the workers of a parallel run share the tests: what tests share is built once in a run."""

import os
from collections.abc import Generator
from typing import Any, Final

import pytest
from coverage import Coverage
from xdist.scheduler import LoadScopeScheduling

_ONE_WORLD: Final = ("tests/e2e/dashboards/",)
"""Folders whose files share one world; elsewhere no world is shared beyond a file."""

_WAITING: Final = ("tests/test_", "tests/faults/")
"""Files whose tests wait for processes and for answers that never come."""

# Programs written in Go collect garbage less often: promtool is a third faster for it.
os.environ.setdefault("GOGC", "400")


def _world(test: str) -> str:
    file = test.split("::", 1)[0]
    return next((folder for folder in _ONE_WORLD if file.startswith(folder)), file)


class ByWorld(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker all tests of a world, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return _world(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByWorld:
    """That one, whatever `--dist` says."""
    config.option.loadscopereorder = False
    return ByWorld(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real programs first: theirs are the long tests, and no worker is to end with one alone.

    What runs the exporter's own command, or breaks connections, comes next.
    """
    first = {_world(item.nodeid) for item in items if item.get_closest_marker("e2e")}
    items.sort(
        key=lambda item: (_world(item.nodeid) not in first, not item.nodeid.startswith(_WAITING))
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Measure no lines in a test that is marked `uncovered`."""
    measured = Coverage.current() if item.get_closest_marker("uncovered") else None
    if measured is not None:
        measured.stop()
    try:
        return (yield)
    finally:
        if measured is not None:
            measured.start()
