"""What every test stands on."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the exporter does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _unconfigured_logs() -> Iterator[None]:
    """A test that configures logs leaves nothing of it to the next."""
    yield
    structlog.reset_defaults()
