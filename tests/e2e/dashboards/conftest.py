"""One Prometheus for all tests of the dashboards."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.e2e.dashboards import history, worlds
from tests.e2e.dashboards.prometheus import Prometheus, running
from tests.world.tools import need


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It holds every world and two weeks of one more, and is only asked."""
    need("prometheus", "promtool")
    samples = chain(worlds.scraped(), history.lived())
    with running(tmp_path_factory.mktemp("dashboards"), samples) as started:
        yield started
