"""Hold the dashboards against the schemas of the oldest and the newest Grafana that they are for.

`python -m tests.dashboards.schemas` installs the SDK of each into a folder of its own, reads the
dashboards with it and writes them again: what it does not know, it loses. What none of them loses
is kept in `options.txt`, so that the tests need no network.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.world.dashboard_files import ROOT, UIDS, load

#: The SDK's builds, by the Grafana that their schemas are of.
BUILDS: Final = {"10.4": "1769699796!10.4.0", "11.6": "1769699379!11.6.0", "12": "0.0.21"}
KNOWN: Final = Path(__file__).parent / "options.txt"
#: What a data source adds to an annotation is in no schema of a dashboard.
_DATA_SOURCE: Final = ("step", "tagKeys", "textFormat", "titleFormat", "useValueForTime")
FOREIGN: Final = {f"dashboard.annotations.list[].{name}" for name in _DATA_SOURCE}


def options(board: dict[str, Any]) -> set[str]:
    """Every place of a dashboard where something may stand, by the type of its panel."""
    found = set(_places({k: v for k, v in board.items() if k != "panels"}, "dashboard"))
    for panel in board["panels"]:
        nested = panel.get("panels", ())
        for entry in (panel, *nested):
            plain = {k: v for k, v in entry.items() if k != "panels"}
            found.update(_places(plain, str(entry["type"])))
    return found


#: Below these stand names that somebody gave, and not those of a schema.
_NAMES: Final = (".fields", ".indexByName", ".mappings[].options", ".properties[].value")


def _places(value: Any, place: str) -> Iterator[str]:
    if place.endswith(_NAMES):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{place}.{name}"
            yield from _places(inner, f"{place}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner, f"{place}[]")


#: Run by the Python that has the build in question: the dashboard as that build writes it again.
_ROUND_TRIP: Final = """
import json, sys
sys.path.insert(0, sys.argv[1])
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
register_default_plugins()
board = Dashboard.from_json(json.load(open(sys.argv[2])))
print(json.dumps(board, cls=JSONEncoder))
"""


def written_again(folder: str, path: Path) -> dict[str, Any]:
    """The dashboard at `path`, read and written by the SDK in a folder."""
    command = (sys.executable, "-c", _ROUND_TRIP, folder, str(path))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    board: dict[str, Any] = json.loads(done.stdout)
    return board


def lost(folder: str) -> set[str]:
    """The options that the SDK in a folder does not know."""
    return {
        option
        for uid in UIDS
        for option in options(load(uid))
        - options(written_again(folder, ROOT / "dashboards" / f"{uid}.json"))
    } - FOREIGN


def main() -> None:
    """Ask every build; write what all of them know, or end with what one does not."""
    for grafana, build in BUILDS.items():
        with tempfile.TemporaryDirectory() as folder:
            pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps")
            wanted = f"grafana-foundation-sdk=={build}"
            subprocess.run((*pip, "--target", folder, wanted), check=True)
            unknown = lost(folder)
        if unknown:
            sys.exit(f"Grafana {grafana} does not know {sorted(unknown)}")
        print(f"Grafana {grafana}: every option is known")
    every = sorted({option for uid in UIDS for option in options(load(uid))})
    KNOWN.write_text("".join(f"{option}\n" for option in every), "utf-8")


if __name__ == "__main__":
    main()
