"""What promtool says of a module's table of cases: one run of each version for all of them."""

from collections.abc import Mapping, Sequence

import pytest

from tests.alerts.peers import PROMTOOLS
from tests.alerts.promtool import alerts
from tests.world.tools import need


@pytest.fixture(scope="module", params=PROMTOOLS.values(), ids=[*PROMTOOLS])
def evaluated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[int, Sequence[str]]]:
    """The alerts of each case of the module's `CASES`, by its name."""
    need(request.param)
    return alerts(request.param, request.module.CASES, tmp_path_factory.mktemp("promtool"))
