"""What the documentation says of the programs that were tried is what runs here."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.alerts import peers
from tests.dashboards.schemas import BUILDS
from tests.world.compose_files import services
from tests.world.tools import need

PAGE: Final = Path(__file__).parent.parent / "docs" / "internals.md"
ASKED: Final = {
    "docker-compose": ("version", "--short"),
    "kubectl": ("version", "--client"),
}
"""How programs are asked for their version that do not know `--version`."""

SILENT: Final = ("victoria-metrics", "vmagent", "vmalert")
"""Those of Debian do not tell their version."""


class Row(NamedTuple):
    """A row of the table."""

    version: tuple[int, ...]
    origin: str


def numbers(text: str) -> tuple[int, ...]:
    """The first version in a text: two numbers, or one that stands alone."""
    found = re.search(r"(\d+)(?:\.(\d+))?", text)
    assert found is not None, text
    return tuple(int(number) for number in found.groups() if number)


def table() -> dict[str, Row]:
    """The rows by program."""
    rows = re.findall(r"^\| `(\S+)` \| ([\d.]+) \| (Debian \w+) \|", PAGE.read_text(), re.MULTILINE)
    return {
        program.replace("/opt/peers", str(peers.PEERS)): Row(numbers(version), origin)
        for program, version, origin in rows
    }


def test_every_peer_is_in_the_table() -> None:
    """By the name that tests start it with."""
    named = [value for name, value in vars(peers).items() if name.isupper()]
    started = {program for program in named if isinstance(program, str)}

    assert started | set(peers.PROMTOOLS.values()) <= set(table())


@pytest.mark.parametrize("program", table())
def test_the_version_is_the_one_that_runs(program: str) -> None:
    """In CI, to the minor version; of what Debian still changes, at least."""
    need(program)
    if Path(program).name in SILENT:
        return
    done = subprocess.run(
        (program, *ASKED.get(program, ("--version",))), capture_output=True, text=True, check=True
    )
    runs, row = numbers(done.stdout or done.stderr), table()[program]

    if runs != row.version and "CI" not in os.environ:
        pytest.skip(f"NOT CHECKED: {program} {runs} is not the one of CI")
    assert runs[:1] == row.version[:1]
    assert runs >= row.version if row.origin == "Debian testing" else runs == row.version


def test_compose_pins_what_was_tried() -> None:
    """Prometheus and Alertmanager that run here, a Grafana whose schemas are known."""
    tags = {name: numbers(services()[name]["image"].partition(":")[2]) for name in services()}
    rows = table()

    assert tags["prometheus"] == rows[peers.PROMETHEUS_3].version
    assert tags["alertmanager"] == rows[peers.ALERTMANAGER_33].version
    assert tags["grafana"] in {numbers(version) for version in BUILDS}
