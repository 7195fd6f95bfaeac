"""The page about the simulator: every command on it is run, and prints what it shows."""

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from exporter.simulator import KINDS, SCENARIOS, simulator
from exporter.simulator.faults.faults import Endpoint
from exporter.simulator.world.disclosure import Field
from exporter.simulator.world.scenario import Group, Scenario
from exporter.simulator.world.scenario_file import load
from tests.simulator.test_server import started
from tests.world.tools import need

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
HOST = "http://127.0.0.1:8080"


def commands() -> list[tuple[str, str]]:
    """Every command in the page's sessions, and what it is shown to print."""
    sessions = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    examples = []
    for step in re.split(r"^\$ ", "".join(sessions), flags=re.MULTILINE)[1:]:
        lines = step.splitlines()
        end = next((n for n, line in enumerate(lines) if complete(lines[: n + 1])), len(lines))
        examples.append(("\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :])))
    return examples


def complete(lines: list[str]) -> bool:
    """Whether a shell would not wait for another line."""
    syntax = ["bash", "-n", "-c", "\n".join(lines)]
    checked = subprocess.run(syntax, capture_output=True, check=False)
    return not lines[-1].endswith("\\") and checked.returncode == 0


def printed(shown: str) -> re.Pattern[str]:
    """What is shown, where `...` stands for anything."""
    return re.compile(re.escape(shown).replace(r"\.\.\.", ".*") + r"\s*", re.DOTALL)


def test_every_command_prints_what_the_page_shows(tmp_path: Path) -> None:
    """In one shell's directory, one after the other, against the command that the page starts."""
    need("curl", "openssl", "bash")
    command = started(scenario="mixture")
    url = command.url()
    try:
        for line, shown in commands():
            ran = subprocess.run(
                ["bash", "-c", line.replace(HOST, url)],
                cwd=tmp_path,
                env={**os.environ, "UKC_TOKEN": "secret"},
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )

            assert printed(shown).fullmatch(ran.stdout), (line, ran.stdout, ran.stderr)
    finally:
        command.ended(signal.SIGTERM)


@pytest.mark.parametrize(
    "word",
    [
        *KINDS,
        *SCENARIOS,
        *get_args(Endpoint),
        *get_args(Field),
        *Group.__struct_fields__,
        *Scenario.__struct_fields__,
        "reported_state",
        "omitted",
        "superseded",
    ],
)
def test_the_page_names_what_there_is(word: str) -> None:
    """No kind of fault, endpoint, scenario or field is without its line."""

    assert f"`{word}`" in PAGE


def shown(position: int, place: Path) -> Path:
    """A scenario that the page shows, as a file."""
    file = place / "own.yaml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[position], encoding="utf-8")
    return file


def test_the_pages_own_scenario_can_be(tmp_path: Path) -> None:
    """The file it shows is a scenario."""
    world = simulator.Simulator(shown(0, tmp_path), metro="dal")

    assert len(world.certificates()) == 5
    assert load(tmp_path / "own.yaml").faults


def test_the_pages_untold_fields(tmp_path: Path) -> None:
    """Each line of it is what the comment above it says."""
    issued = ("subject", "issuer", "serial_number", "not_before", "not_after")
    world = simulator.Simulator(shown(1, tmp_path))

    told = [(c.reported_state, c.omitted, c.renewal) for c in world.certificates()]

    assert told == [
        ("pending", issued, "automatic"),
        ("error", issued, "automatic"),
        ("valid", ("service_groups",), "automatic"),
        ("validation_timed_out", (), "unknown"),
        ("valid", (), "manual"),
        ("valid", (), "manual"),
    ]
