"""What every test stands on."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the exporter does."""
    return "asyncio"
