"""The dashboards hold together: generated, complete, readable, linked, and provisioned."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.world.dashboard_files import (
    BUILT_IN,
    DIRECTORY,
    ROOT,
    UIDS,
    load,
    panel_queries,
    panels,
    used_variables,
    variable_queries,
    variables,
)

PANELS = [(uid, panel) for uid in UIDS for panel in panels(load(uid))]

each_dashboard = pytest.mark.parametrize("uid", UIDS)
each_panel = pytest.mark.parametrize(
    "panel", [panel for _, panel in PANELS], ids=[f"{uid}/{p['title']}" for uid, p in PANELS]
)


def test_regenerating_gives_the_committed_bytes(tmp_path: Path) -> None:
    """Nobody edits the JSON; a changed limit in the alert rules is a changed dashboard."""
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

    def test_is_not_edited_in_place(self, uid: str) -> None:
        """The next provisioning would overwrite it."""
        assert load(uid)["editable"] is False

    def test_has_a_classic_schema(self, uid: str) -> None:
        """Every Grafana from 10.3 on reads it; a newer one migrates it."""
        assert load(uid)["schemaVersion"] in range(39, 43)

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

        wanted = ["datasource", "cluster", "job", "instance", "account", "metro"]
        assert wanted == list(found)[:6]
        assert [name for name, v in found.items() if not (v["label"] and v["description"])] == []

    def test_uses_each_of_its_variables(self, uid: str) -> None:
        """One that nothing asks for would promise a filter that does not filter."""
        board = load(uid)
        queries = [*panel_queries(uid), *variable_queries(uid)]
        used = set().union(*(used_variables(query.expr) for query in queries))

        assert set(variables(board)) - {"datasource"} <= used
        assert used <= set(variables(board)) | set(BUILT_IN)

    def test_numbers_its_panels(self, uid: str) -> None:
        """Links and shares of a panel go by its number."""
        ids = [panel["id"] for panel in load(uid)["panels"]]

        assert list(range(1, len(ids) + 1)) == ids

    def test_links_to_the_other_two(self, uid: str) -> None:
        """With what was chosen, but for the certificate and the replica: a fleet that shows one
        of them only would read as all is well."""
        links = load(uid)["links"]

        assert set(UIDS) - {uid} == {target(link["url"]) for link in links}
        for link in links:
            chosen = {"datasource", "cluster", "job", "account", "metro"}
            assert chosen == used_variables(link["url"])
            assert link["keepTime"]


def target(url: str) -> str:
    """The uid that a link goes to."""
    return url.removeprefix("/d/").split("?")[0]


@each_panel
class TestPanel:
    """What a person who was just woken needs of a panel."""

    def test_says_what_to_do(self, panel: dict[str, Any]) -> None:
        """A title, and a description that is more than the title again."""
        assert panel["title"]
        assert len(panel["description"]) > 60

    def test_has_a_unit(self, panel: dict[str, Any]) -> None:
        """Days, shares, seconds and counts do not look alike."""
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
        """Of a number or a dial: not a mean over the time range."""
        if panel["type"] in {"stat", "gauge"}:
            assert panel["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]

    def test_is_wide_enough(self, panel: dict[str, Any]) -> None:
        """At 1,440 pixels a column is 58 wide: titles fit, tables and graphs can be read."""
        need = {"stat": 3, "gauge": 4, "table": 8, "timeseries": 6, "state-timeline": 12}
        lowest = {"stat": 3, "gauge": 4, "table": 6, "timeseries": 6, "state-timeline": 4}

        assert panel["gridPos"]["w"] >= need[panel["type"]]
        assert panel["gridPos"]["h"] >= lowest[panel["type"]]
        assert len(panel["title"]) * 8 <= panel["gridPos"]["w"] * 58 - 16

    def test_table_columns_fit(self, panel: dict[str, Any]) -> None:
        """Columns of fixed width leave at least 130 pixels to each of the others."""
        if panel["type"] != "table":
            return
        widths = [
            next((p["value"] for p in o["properties"] if p["id"] == "custom.width"), 130)
            for o in panel["fieldConfig"]["overrides"]
        ]

        assert sum(widths) <= panel["gridPos"]["w"] * 58


@each_dashboard
def test_panels_fill_the_grid(uid: str) -> None:
    """No overlap and no hole: each cell of the 24 columns belongs to exactly one panel."""
    cells = [
        (x, y)
        for panel in load(uid)["panels"]
        for box in [panel["gridPos"]]
        for x, y in itertools.product(
            range(box["x"], box["x"] + box["w"]), range(box["y"], box["y"] + box["h"])
        )
    ]
    bottom = max(y for _, y in cells) + 1

    assert sorted(itertools.product(range(24), range(bottom))) == sorted(cells)


@each_dashboard
def test_the_first_screen_answers_first(uid: str) -> None:
    """The numbers stand in the first line, without a heading above them."""
    first_line = [panel for panel in load(uid)["panels"] if panel["gridPos"]["y"] == 0]

    assert {"stat", "gauge"} >= {panel["type"] for panel in first_line}
    assert 6 <= len(first_line) <= 8


def test_tables_of_certificates_ask_for_the_urgent_ones_only() -> None:
    """Each question of the fleet's table is about the hundred names of the hidden variable."""
    (table,) = (p for p in panels(load("ukc-certificates")) if p["id"] == 10)

    assert table["type"] == "table"
    for entry in table["targets"]:
        assert 'name=~"$urgent"' in entry["expr"]


@each_dashboard
def test_links_of_rows_carry_the_row(uid: str) -> None:
    """A link to a certificate says which: account, metro, name, and the data it came from."""
    links = [
        link
        for panel in panels(load(uid))
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if prop["id"] == "links"
        for link in prop["value"]
    ]

    for link in links:
        wanted = {"datasource", "cluster", "job", "__url_time_range"}
        fields = ["account", "metro"]
        if target(link["url"]) == "ukc-certificate":
            fields += ["name"]
        assert wanted == {v for v in used_variables(link["url"]) if v != "__data"}
        assert [f"var-{f}=${{__data.fields.{f}:percentencode}}" for f in fields] == re.findall(
            r"var-(?!search)\w+=\$\{[^}]+\}", link["url"]
        )


def test_provisioning_names_what_exists() -> None:
    """The files that a Grafana is started with parse, and agree with the dashboards."""
    sources = yaml.safe_load((DIRECTORY / "provisioning/datasources/prometheus.yaml").read_text())
    providers = yaml.safe_load((DIRECTORY / "provisioning/dashboards/ukc.yaml").read_text())

    assert [(d["type"], d["isDefault"]) for d in sources["datasources"]] == [("prometheus", True)]
    (provider,) = providers["providers"]
    assert provider["type"] == "file"
    assert False is provider["allowUiUpdates"]
