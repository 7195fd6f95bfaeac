"""Whether every file that repeats the version, or leads to another file, says the right thing."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml


class Repetition(NamedTuple):
    """Where the version stands besides `exporter/__init__.py`; its group is the version."""

    path: str
    pattern: str


REPETITIONS: Final = (
    Repetition("deploy/kubernetes/base/kustomization.yaml", r"newTag: (\S+)"),
    Repetition("deploy/kubernetes/base/kustomization.yaml", r"kubernetes.io/version: (\S+)"),
    Repetition("deploy/compose.yaml", r"image: ukc-certificate-exporter:(\S+)"),
    Repetition("deploy/compose.yaml", r"VERSION: (\S+)"),
    Repetition("docs/install.md", r"\?ref=v(\S+)"),
    Repetition("docs/install.md", r"ukc-certificate-exporter:(\d[^\s`]*)"),
)


def version(root: Path) -> str:
    """The version, from the one place where it is written by hand."""
    text = (root / "exporter" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("exporter/__init__.py holds no __version__")
    return found[1]


def findings(root: Path) -> list[str]:
    """What is wrong, in sentences."""
    return [*_repetitions(root), *_changelog(root), *_anchors(root)]


def _repetitions(root: Path) -> Iterator[str]:
    wanted = version(root)
    for path, pattern in REPETITIONS:
        found = set(re.findall(pattern, (root / path).read_text("utf-8")))
        if found != {wanted}:
            said = ", ".join(sorted(found)) or "nothing"
            yield f"{path}: `{pattern}` finds {said}, expected {wanted}"


def _changelog(root: Path) -> Iterator[str]:
    """A tagged commit is a release; every other one is what comes next."""
    wanted = version(root)
    text = (root / "CHANGELOG.md").read_text("utf-8")
    released = re.search(rf"^## \[{re.escape(wanted)}\] - \d{{4}}-\d\d-\d\d$", text, re.MULTILINE)
    for tag in _tags(root):
        if tag != f"v{wanted}":
            yield f"the commit is tagged {tag}, expected v{wanted}"
        if released is None:
            yield f"CHANGELOG.md: no dated section for {wanted}, which is tagged {tag}"
    if released is None and "## [Unreleased]\n" not in text:
        yield f"CHANGELOG.md: neither a dated section for {wanted} nor one for what is unreleased"


def _tags(root: Path) -> list[str]:
    """The version tags of the commit; none outside a repository."""
    command = ("git", "-C", str(root), "tag", "--points-at", "HEAD", "--list", "v*")
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()


def _anchors(root: Path) -> Iterator[str]:
    text = (root / "docs" / "runbook.md").read_text("utf-8")
    headings = {h.strip().lower() for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for source, url in _runbook_urls(root):
        if url.partition("#")[2] not in headings:
            yield f"{source}: {url} leads to no heading of docs/runbook.md"


def _runbook_urls(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((root / "alerts").glob("*.rules.yaml")):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    yield f"alerts/{path.name}", str(rule["annotations"].get("runbook_url", ""))
    for path in sorted((root / "dashboards").glob("*.json")):
        for text in _texts(json.loads(path.read_text("utf-8"))):
            for url in re.findall(r"https?://\S+?/runbook\.md#[\w-]+", text):
                yield f"dashboards/{path.name}", url


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
