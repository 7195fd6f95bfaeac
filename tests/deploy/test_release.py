"""A release that does not hold together is told so, in a sentence that names the file."""

import shutil
from pathlib import Path

import pytest

from deploy import consistency, release

ROOT = Path(__file__).parents[2]
NAMED = (
    "CHANGELOG.md",
    "alerts",
    "dashboards",
    "deploy",
    "docs",
    "exporter/__init__.py",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that the checks read, to be spoiled."""
    for name in NAMED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return tmp_path


def spoil(tree: Path, name: str, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = (tree / name).read_text("utf-8")
    assert old in text
    (tree / name).write_text(text.replace(old, new), "utf-8")


def test_this_tree_holds_together(tree: Path) -> None:
    """Nothing is found."""
    assert consistency.findings(tree) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        pytest.param(
            "deploy/kubernetes/base/kustomization.yaml",
            f"newTag: {consistency.version(ROOT)}",
            "newTag: 9.9.9",
            "deploy/kubernetes/base/kustomization.yaml: `newTag: (\\S+)` finds 9.9.9",
            id="tag of the manifests",
        ),
        pytest.param(
            "deploy/compose.yaml",
            f"VERSION: {consistency.version(ROOT)}",
            "VERSION: latest",
            "deploy/compose.yaml: `VERSION: (\\S+)` finds latest",
            id="argument of the build",
        ),
        pytest.param(
            "deploy/compose.yaml",
            "image: ukc-certificate-exporter:",
            "image: other:",
            "deploy/compose.yaml: `image: ukc-certificate-exporter:(\\S+)` finds nothing",
            id="image gone",
        ),
        pytest.param(
            "docs/install.md", "?ref=v", "?ref=v9", "docs/install.md: ", id="reference in the docs"
        ),
        pytest.param(
            "docs/runbook.md",
            "## UKCCertificateUnused",
            "## Certificate unused",
            "alerts/ukc-certificates.rules.yaml: https://",
            id="heading of the runbook",
        ),
        pytest.param(
            "CHANGELOG.md", "## [Unreleased]", "## Soon", "CHANGELOG.md: neither", id="changelog"
        ),
    ],
)
def test_what_is_wrong_is_named(tree: Path, name: str, old: str, new: str, said: str) -> None:
    """One finding or more, each beginning with the file."""
    spoil(tree, name, old, new)

    found = consistency.findings(tree)

    assert found
    assert all(finding.startswith(said) for finding in found), found


def test_a_new_version_is_asked_for_everywhere(tree: Path) -> None:
    """The one place where it is written is `exporter/__init__.py`."""
    spoil(tree, "exporter/__init__.py", consistency.version(ROOT), "7.8.9")

    found = consistency.findings(tree)

    assert {r.path for r in consistency.REPETITIONS} == {f.partition(":")[0] for f in found}


CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n"


def test_the_changelog_is_cut() -> None:
    """What was unreleased gets a version and a date, and room is made for the next."""
    wanted = (
        "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-02\n\n### Added\n\n- A thing.\n"
    )

    assert wanted == release.cut(CHANGELOG, "1.2.3", "2026-01-02")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# Changelog\n", id="no section"),
        pytest.param("# Changelog\n\n## [Unreleased]\n\n## [1.0.0]\n", id="nothing in it"),
        pytest.param(f"{CHANGELOG}\n## [1.2.3] - 2026-01-01\n", id="cut already"),
    ],
)
def test_a_changelog_that_cannot_be_cut(text: str) -> None:
    """Twice, or of nothing."""
    with pytest.raises(ValueError, match="nothing unreleased"):
        release.cut(text, "1.2.3", "2026-01-02")
