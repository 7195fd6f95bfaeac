"""What every test stands on."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.world.leaks", "tests.world.measurements", "tests.world.workers"]

# A busy machine is no failure; `make fuzz` takes the other profile.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "fuzz", deadline=None, max_examples=20_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the exporter does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _unconfigured_logs() -> Iterator[None]:
    """A test that configures logs leaves nothing of it to the next."""
    yield
    structlog.reset_defaults()
