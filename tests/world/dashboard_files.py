"""The committed dashboards as tests see them: panels, variables and every query in them."""

import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / "dashboards"
UIDS = ("ukc-certificates", "ukc-certificate", "ukc-exporter")

#: What Grafana itself puts into queries; the rest are the dashboards' own variables.
BUILT_IN = ("__rate_interval", "__interval", "__range")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<format>\w+))?\}|(?P<bare>\w+))")


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


@functools.cache
def load(uid: str) -> dict[str, Any]:
    """A dashboard as it is committed; not to be changed."""
    loaded: dict[str, Any] = json.loads((DIRECTORY / f"{uid}.json").read_text("utf-8"))
    return loaded


def open_panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels that are there without a click."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def closed_panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels within closed rows."""
    return [
        panel for row in board["panels"] if row["type"] == "row" for panel in row.get("panels", ())
    ]


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something; the rows themselves are left out."""
    return [*open_panels(board), *closed_panels(board)]


def panel(uid: str, title: str) -> dict[str, Any]:
    """The one panel of this title; ValueError where there is none, or several."""
    (only,) = (entry for entry in panels(load(uid)) if entry["title"] == title)
    return only


def variables(board: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The variables by name, in the order in which they stand."""
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def panel_queries(uid: str) -> Iterator[Query]:
    """Every query of every panel and annotation."""
    board = load(uid)
    for entry in panels(board):
        for target in entry["targets"]:
            kind = "instant" if target["instant"] else "range"
            yield Query(uid, entry["title"], target["refId"], target["expr"], kind, entry)
    for mark in board.get("annotations", {}).get("list", []):
        yield Query(uid, f"annotation {mark['name']}", "A", mark["expr"], "range", mark)


def variable_queries(uid: str) -> Iterator[Query]:
    """Every variable that asks Prometheus; `kind` is the function around the query."""
    for name, variable in variables(load(uid)).items():
        if variable["type"] == "query":
            call = variable["query"]["query"]
            function, inside = call.removesuffix(")").split("(", 1)
            yield Query(uid, f"variable {name}", "A", inside, function, variable)


def used_variables(text: str) -> set[str]:
    """The variables that a query or a link names, Grafana's own ones included.

    `$1` is PromQL's own.
    """
    names = {match["braced"] or match["bare"] for match in VARIABLE.finditer(text)}
    return {name for name in names if not name.isdecimal()}


def properties(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Of each override of a panel: what it matches, the property, and its value."""
    for override in entry["fieldConfig"]["overrides"]:
        for setting in override["properties"]:
            yield str(override["matcher"]["options"]), setting["id"], setting["value"]


def links(entry: Mapping[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Every link of a panel, with the field that it stands on, or None for the panel's number."""
    for link in entry["fieldConfig"]["defaults"].get("links") or ():
        yield None, link
    for field, name, value in properties(entry):
        if name == "links":
            yield from ((field, link) for link in value)
