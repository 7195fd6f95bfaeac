"""The compose stack as tests see it: services, and what is mounted where."""

from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
SERVE = DEPLOY / "compose.serve.yaml"


class Mount(NamedTuple):
    """A file or folder of this repository, and where a container finds it."""

    source: Path
    target: PurePosixPath
    mode: str


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return found


def mounts(service: str) -> list[Mount]:
    """What is mounted from this repository into a service."""
    given = (text.split(":") for text in services()[service].get("volumes", []))
    return [
        Mount((DEPLOY / source).resolve(), PurePosixPath(target), "".join(mode))
        for source, target, *mode in given
        if source.startswith(".")
    ]


def mounted(service: str, target: str) -> Path:
    """The file that a service finds at a path; KeyError where there is none."""
    for mount in mounts(service):
        path = PurePosixPath(target)
        if path == mount.target or mount.target in path.parents:
            return mount.source / path.relative_to(mount.target)
    raise KeyError(f"{service}: nothing is mounted at {target}")
