"""The dashboards hold together: generated, complete, readable, and provisioned."""

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.simulator import SCENARIOS, Clock, Simulator
from tests.world.dashboard_files import (
    BUILT_IN,
    DIRECTORY,
    ROOT,
    UIDS,
    closed_panels,
    load,
    open_panels,
    panel_queries,
    panels,
    properties,
    used_variables,
    variable_queries,
    variables,
)

PANELS = [(uid, panel) for uid in UIDS for panel in panels(load(uid))]

each_dashboard = pytest.mark.parametrize("uid", UIDS)
each_panel = pytest.mark.parametrize(
    "panel", [panel for _, panel in PANELS], ids=[f"{uid}/{p['title']}" for uid, p in PANELS]
)

#: Pixels: a window of 1,440 without the docked navigation and the margins, on 24 columns; a row of
#: the grid with its margin; the letters of a table and the room around them.
COLUMN, LINE, LETTER, PADDING = 1090 / 24, 38, 7.2, 16
#: Rows of the grid below the bars of Grafana and two lines of variables, at 900 pixels.
SCREEN_LINES = 20


def test_regenerating_gives_the_committed_bytes(tmp_path: Path) -> None:
    """Nobody edits the JSON."""
    command = [sys.executable, "-m", "dashboards.source", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONWARNINGS": "default"})

    committed = {path.name: path.read_bytes() for path in DIRECTORY.glob("*.json")}
    assert committed == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_the_cluster_can_be_shown(tmp_path: Path) -> None:
    """Hidden by default, for most targets have no such label; the generator can show it."""
    command = [sys.executable, "-m", "dashboards.source", "--show-cluster", "--directory"]
    subprocess.run([*command, str(tmp_path)], cwd=ROOT, check=True)

    committed = load("ukc-certificates")
    shown = yaml.safe_load((tmp_path / "ukc-certificates.json").read_text("utf-8"))
    assert variables(committed)["cluster"]["hide"] == 2
    assert variables(shown)["cluster"]["hide"] == 0


@each_dashboard
class TestDashboard:
    """What Grafana and its users expect of any dashboard."""

    def test_is_found_by_its_uid(self, uid: str) -> None:
        """Links go to it, and an import replaces it rather than adding another."""
        board = load(uid)

        assert uid == board["uid"]
        assert "id" not in board
        assert board["title"].startswith("UKC certificates / ")
        assert board["description"]

    def test_has_a_classic_schema(self, uid: str) -> None:
        """Every Grafana from 10.4 on reads it; a newer one migrates it."""
        assert load(uid)["schemaVersion"] == 39

    def test_begins_with_the_data_source(self, uid: str) -> None:
        """Everything after it asks through it."""
        first, *others = variables(load(uid)).values()

        assert (
            first["name"],
            first["type"],
            first["query"],
        ) == ("datasource", "datasource", "prometheus")
        through = {"type": "prometheus", "uid": "${datasource}"}
        assert [through] * sum(v["type"] == "query" for v in others) == [
            v["datasource"] for v in others if v["type"] == "query"
        ]

    def test_has_the_usual_variables(self, uid: str) -> None:
        """From wide to narrow, with a label and a description each."""
        found = variables(load(uid))

        usual = ["datasource", "cluster", "job", "instance", "account", "metro"]
        assert usual == list(found)[:6]
        assert [name for name, v in found.items() if not (v["label"] and v["description"])] == []

    def test_uses_each_of_its_variables(self, uid: str) -> None:
        """One that nothing asks for would promise a filter that does not filter."""
        board = load(uid)
        queries = [*panel_queries(uid), *variable_queries(uid)]
        used = set().union(*(used_variables(query.expr) for query in queries))

        assert set(variables(board)) - {"datasource"} <= used
        assert used <= set(variables(board)) | set(BUILT_IN)

    def test_numbers_its_panels(self, uid: str) -> None:
        """Links and shares of a panel go by its number, within closed rows too."""
        board = load(uid)
        ids = [entry["id"] for entry in (*board["panels"], *closed_panels(board))]

        assert list(range(1, len(ids) + 1)) == sorted(ids)

    def test_panels_fill_the_grid(self, uid: str) -> None:
        """No overlap and no hole: each cell of the 24 columns belongs to exactly one panel."""
        _assert_filled(load(uid)["panels"])

    def test_closed_panels_fill_the_grid(self, uid: str) -> None:
        """Likewise below the row that opens them."""
        for row in load(uid)["panels"]:
            if row["type"] == "row":
                assert row["collapsed"]
                _assert_filled(row["panels"], top=row["gridPos"]["y"] + 1)

    def test_fits_one_screen(self, uid: str) -> None:
        """With the headings of its closed rows: a fleet that is fine asks for no scrolling."""
        lines = max(entry["gridPos"]["y"] + entry["gridPos"]["h"] for entry in load(uid)["panels"])

        assert lines <= SCREEN_LINES


def _assert_filled(entries: list[dict[str, Any]], top: int = 0) -> None:
    cells = [
        (x, y)
        for entry in entries
        for box in [entry["gridPos"]]
        for x, y in itertools.product(
            range(box["x"], box["x"] + box["w"]), range(box["y"], box["y"] + box["h"])
        )
    ]
    bottom = max(y for _, y in cells) + 1

    assert sorted(itertools.product(range(24), range(top, bottom))) == sorted(cells)


@each_panel
class TestPanel:
    """What a person who was just woken needs of a panel."""

    def test_says_what_to_do(self, panel: dict[str, Any]) -> None:
        """A title, and a description that is more than the title again."""
        assert panel["title"]
        assert len(panel["description"]) > 60

    def test_has_a_unit(self, panel: dict[str, Any]) -> None:
        """Days, seconds and counts do not look alike."""
        assert panel["fieldConfig"]["defaults"]["unit"]

    def test_never_says_no_data(self, panel: dict[str, Any]) -> None:
        """A panel that is empty because all is well, or because nobody looked, says which."""
        assert panel["fieldConfig"]["defaults"]["noValue"]

    def test_asks_through_the_variable(self, panel: dict[str, Any]) -> None:
        """The panel and each of its queries."""
        through = {"type": "prometheus", "uid": "${datasource}"}

        assert through == panel["datasource"]
        assert all(through == t["datasource"] for t in panel["targets"])
        refs = [t["refId"] for t in panel["targets"]]
        assert sorted(set(refs)) == refs

    def test_shows_the_last_value(self, panel: dict[str, Any]) -> None:
        """Of a number: not a mean over the time range."""
        if panel["type"] == "stat":
            assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]

    def test_is_large_enough(self, panel: dict[str, Any]) -> None:
        """At 1,440 pixels titles fit, and tables and graphs can be read."""
        width = {"stat": 3, "table": 8, "timeseries": 6, "state-timeline": 12, "barchart": 12}
        height = {"stat": 3, "table": 6, "timeseries": 6, "state-timeline": 4, "barchart": 5}

        assert panel["gridPos"]["w"] >= width[panel["type"]]
        assert panel["gridPos"]["h"] >= height[panel["type"]]
        assert len(panel["title"]) * 8 <= panel["gridPos"]["w"] * COLUMN - 2 * PADDING

    def test_looks_at_no_time_ahead(self, panel: dict[str, Any]) -> None:
        """A panel with an end of its own asks everything at that end, and Mimir asks nothing."""
        assert not (panel.get("timeFrom") or "").startswith("+")
        assert "timeShift" not in panel

    def test_filters_each_column(self, panel: dict[str, Any]) -> None:
        """Of a table."""
        if panel["type"] == "table":
            assert panel["fieldConfig"]["defaults"]["custom"]["filterable"] is True


def settings(panel: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The overrides of a panel by what they match."""
    found: dict[str, dict[str, Any]] = {}
    for field, name, value in properties(panel):
        found.setdefault(field, {})[name] = value
    return found


def fixed_widths(panel: dict[str, Any]) -> dict[str, int | None]:
    """The widths of a table's visible columns, by field; None where it takes what is left.

    `of` is the account, which is there only where there are several.
    """
    return {
        field: values.get("custom.width")
        for field, values in settings(panel).items()
        if not values.get("custom.hidden") and not field.startswith("of ")
    }


@pytest.mark.parametrize(
    "panel",
    [pytest.param(p, id=f"{uid}/{p['title']}") for uid, p in PANELS if p["type"] == "table"],
)
def test_columns_fit(panel: dict[str, Any]) -> None:
    """Without scrolling sideways: a column takes its width, or at least 100 pixels."""
    widths = [width or 100 for width in fixed_widths(panel).values()]

    assert sum(widths) <= panel["gridPos"]["w"] * COLUMN - PADDING


@pytest.mark.parametrize(
    ("heading", "width"),
    [
        pytest.param(values["displayName"], values["custom.width"], id=f"{p['title']}/{field}")
        for _, p in PANELS
        for field, values in settings(p).items()
        if "custom.width" in values and "displayName" in values
    ],
)
def test_headings_fit(heading: str, width: int) -> None:
    """With the room that a filter takes beside them."""
    assert width >= 7 * len(heading) + 24


@pytest.mark.parametrize(
    ("uid", "title", "field"),
    [
        pytest.param("ukc-certificates", "What needs attention, by domain", "common_name"),
        pytest.param("ukc-certificate", "The domain's certificates", "name"),
    ],
)
def test_names_are_readable(uid: str, title: str, field: str) -> None:
    """The longest name of any scenario fits."""
    (panel,) = (p for p in panels(load(uid)) if p["title"] == title)
    widths = fixed_widths(panel)
    left = panel["gridPos"]["w"] * COLUMN - PADDING - sum(w for w in widths.values() if w)
    clock = Clock(start=1764199800, speed=0)
    names = [
        str(getattr(one, field))
        for scenario in SCENARIOS
        for one in Simulator(
            "large:100" if scenario == "large" else scenario, metro="fra0", token="x", clock=clock
        ).certificates()
    ]

    assert [f for f, width in widths.items() if width is None] == [field]
    assert left >= max(map(len, names)) * LETTER + PADDING


@each_dashboard
def test_rarely_needed_panels_are_closed(uid: str) -> None:
    """What is empty while all is well, and what only a developer reads."""
    titles = {panel["title"] for panel in open_panels(load(uid))}

    rare = {"Firing alerts", "File descriptors", "Garbage collections", "Samples per scrape"}
    assert titles & rare == set()


class TestEditing:
    """Whoever imports a dashboard may edit it; what is provisioned stays as it is."""

    @each_dashboard
    def test_imported(self, uid: str) -> None:
        """The JSON itself forbids nothing."""
        assert load(uid)["editable"] is True

    def test_provisioned(self) -> None:
        """The provider does: an edit could not be saved, and the next start would undo it."""
        text = (DIRECTORY / "provisioning/dashboards/ukc.yaml").read_text("utf-8")
        (provider,) = yaml.safe_load(text)["providers"]

        assert provider["type"] == "file"
        assert provider["allowUiUpdates"] is False
        assert provider["disableDeletion"] is True


def test_the_data_source_is_provisioned() -> None:
    """Queries are long: they are posted."""
    text = (DIRECTORY / "provisioning/datasources/prometheus.yaml").read_text("utf-8")
    (source,) = yaml.safe_load(text)["datasources"]

    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    assert source["jsonData"]["httpMethod"] == "POST"
