"""The dashboards use no option that one of the Grafanas they are for does not know."""

import importlib.util
from pathlib import Path

from tests.dashboards.schemas import KNOWN, lost, options
from tests.world.dashboard_files import UIDS, load


def test_the_newest_schema_knows_every_option() -> None:
    """Asked of the SDK that is installed here."""
    found = importlib.util.find_spec("grafana_foundation_sdk")
    assert found is not None
    assert found.origin is not None

    assert lost(str(Path(found.origin).parents[1])) == set()


def test_every_schema_was_asked() -> None:
    """A new option needs `python -m tests.dashboards.schemas`, which asks the oldest one too."""
    known = set(KNOWN.read_text("utf-8").splitlines())

    assert {option for uid in UIDS for option in options(load(uid))} == known
