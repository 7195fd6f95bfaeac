"""The committed dashboards as tests see them: panels, variables and every query in them."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "dashboards"
UIDS = ("ukc-certificates", "ukc-certificate", "ukc-exporter")

#: What Grafana itself puts into queries; the rest are the dashboards' own variables.
BUILT_IN = {
    "__rate_interval": "5m",
    "__interval": "1h",
    "__range": "7d",
    "__to": "1700000000",
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::[\w:]+)?\}|(\w+))")


@dataclasses.dataclass(frozen=True)
class Query:
    """A query and the place it stands in."""

    dashboard: str
    place: str
    ref: str
    expr: str
    kind: str
    panel: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.dashboard}/{self.place}/{self.ref}"


def load(uid: str) -> dict[str, Any]:
    """A dashboard as it is committed."""
    loaded: dict[str, Any] = json.loads((DIRECTORY / f"{uid}.json").read_text("utf-8"))
    return loaded


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something; headings of sections are left out."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The variables by name, in the order in which they stand."""
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def panel_queries(uid: str) -> Iterator[Query]:
    """Every query of every panel and annotation."""
    board = load(uid)
    for panel in panels(board):
        for target in panel["targets"]:
            kind = "instant" if target["instant"] else "range"
            yield Query(uid, panel["title"], target["refId"], target["expr"], kind, panel)
    for mark in board.get("annotations", {}).get("list", []):
        yield Query(uid, f"annotation {mark['name']}", "A", mark["expr"], "range", mark)


def variable_queries(uid: str) -> Iterator[Query]:
    """Every variable that asks Prometheus; `kind` is the function around the query."""
    for name, variable in variables(load(uid)).items():
        if variable["type"] == "query":
            call = variable["query"]["query"]
            function, inside = call.removesuffix(")").split("(", 1)
            yield Query(uid, f"variable {name}", "A", inside, function, variable)


def used_variables(expr: str) -> set[str]:
    """The variables that a query names, Grafana's own ones included."""
    return {braced or bare for braced, bare in _VARIABLE.findall(expr)}


def replaced(expr: str, values: Mapping[str, str]) -> str:
    """The query with its variables replaced; KeyError for one that nobody defines."""
    known = {**BUILT_IN, **values}
    return _VARIABLE.sub(lambda match: known[match[1] or match[2]], expr)
