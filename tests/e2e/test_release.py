"""What would be released is built, installed and run."""

from pathlib import Path

import pytest

from deploy import release
from tests.e2e.containers import source_tree
from tests.world.measurements import tell

pytestmark = pytest.mark.e2e


def test_a_release_holds_together(tmp_path: Path) -> None:
    """Built from a clone, so that nothing that only lies about here is needed."""
    clone, dist = source_tree(tmp_path / "clone"), tmp_path / "dist"
    dist.mkdir()

    assert release.check(clone, dist) == []
    assert sorted(path.suffix for path in dist.iterdir()) == [".gz", ".json", ".whl"]
    tell(release.listed(dist))
