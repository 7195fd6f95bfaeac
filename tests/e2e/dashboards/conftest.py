"""One Prometheus for all tests of the dashboards."""

from collections.abc import Iterator
from itertools import chain

import pytest

from tests.e2e.dashboards import alerts, scraped
from tests.e2e.dashboards.prometheus import Prometheus, running
from tests.e2e.dashboards.worlds import WORLDS
from tests.world.tools import need


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It holds every world and two weeks of one more, and is only asked."""
    need("prometheus", "promtool")
    samples = chain(scraped.everything(), alerts.firing("mixture", WORLDS["mixture"]))
    with running(tmp_path_factory.mktemp("dashboards"), samples) as started:
        yield started
