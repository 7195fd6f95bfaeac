"""Every link leads where it says: a dashboard that is there, its variables, its time range; the
runbook, and a section that it has."""

import re
import urllib.parse
from typing import Any

import pytest

from tests.dashboards.display import shown
from tests.world.dashboard_files import (
    ROOT,
    UIDS,
    links,
    load,
    panels,
    properties,
    used_variables,
    variables,
)

RUNBOOK = "https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/runbook.md"
SECTIONS = {
    heading.lower()
    for heading in re.findall(
        r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text("utf-8"), re.MULTILINE
    )
}
#: What Grafana itself puts into links.
GRAFANA = {"__data", "__url_time_range"}

PANELS = [(uid, panel) for uid in UIDS for panel in panels(load(uid))]
LINKS = [
    pytest.param(uid, panel, field, link, id=f"{uid}/{panel['title']}/{field}/{link['title']}")
    for uid, panel in PANELS
    for field, link in links(panel)
]
TOP = [
    pytest.param(uid, link, id=f"{uid}/{link['title']}")
    for uid in UIDS
    for link in load(uid)["links"]
]


def parameters(url: str) -> tuple[str, dict[str, str]]:
    """The uid that a link goes to, and what its address says; a variable that it hands on whole
    stands for itself."""
    path, _, query = url.partition("?")
    parts = [part.partition("=") for part in query.split("&")]
    values = {name: urllib.parse.unquote(value) for name, _, value in parts}
    handed = re.compile(r"\$\{(\w+):queryparam\}")
    return path.removeprefix("/d/"), {
        f"var-{match[1]}" if (match := handed.fullmatch(name)) else name: value
        for name, value in values.items()
    }


def assert_leads_to_a_dashboard(uid: str, url: str) -> None:
    """One of ours, with variables that it has, over its own time range or the same one."""
    target, found = parameters(url)
    own = load(target)["time"]

    assert target in UIDS
    asked = {name.removeprefix("var-") for name in found if name.startswith("var-")}
    assert asked <= set(variables(load(target)))
    assert {"datasource", "cluster", "job"} <= asked
    assert used_variables(url) - GRAFANA <= set(variables(load(uid)))
    if target == uid:
        assert "${__url_time_range}" in url
    else:
        assert (found["from"], found["to"]) == (own["from"], own["to"])


@pytest.mark.parametrize(("uid", "link"), TOP)
def test_link_at_the_top(uid: str, link: dict[str, Any]) -> None:
    """With what was chosen, but for the certificate and the replica: a fleet that shows one of
    them only would read as all is well."""
    _, found = parameters(link["url"])

    assert_leads_to_a_dashboard(uid, link["url"])
    names = {"datasource", "cluster", "job", "account", "metro"}
    assert {f"var-{name}" for name in names} | {"from", "to"} == set(found)
    assert link["keepTime"] is False


@pytest.mark.parametrize("uid", UIDS)
def test_links_at_the_top_lead_to_the_other_two(uid: str) -> None:
    """Each dashboard knows the others."""
    targets = {parameters(link["url"])[0] for link in load(uid)["links"]}

    assert targets == set(UIDS) - {uid}


@pytest.mark.parametrize(("uid", "panel", "field", "link"), LINKS)
def test_link_of_a_panel(
    uid: str, panel: dict[str, Any], field: str | None, link: dict[str, Any]
) -> None:
    """What it takes from a row is a field that the row has; severities and reasons exist."""
    fields = set(re.findall(r"\$\{__data\.fields\.(\w+)", link["url"]))
    assert fields <= _accessible(panel)
    if link["url"].startswith("/d/"):
        assert_leads_to_a_dashboard(uid, link["url"])
        _assert_chooses_what_is_there(parameters(link["url"])[1])
    else:
        assert link["url"] == f"{RUNBOOK}#${{__data.fields.runbook}}"


def _accessible(panel: dict[str, Any]) -> set[str]:
    """The fields that a link can name: by what they are called in the end, or by their heading.

    Source: Grafana, "Configure data links": `${__data.fields.<name>}`.
    """
    kept = {
        name
        for step in panel.get("transformations", ())
        if step["id"] == "filterFieldsByName"
        for name in step["options"]["include"]["names"]
    }
    return kept | {value for _, key, value in properties(panel) if key == "displayName"}


def _assert_chooses_what_is_there(found: dict[str, str]) -> None:
    for name in ("severity", "reason"):
        value = found.get(f"var-{name}", "$__all")
        offered = variables(load("ukc-certificates"))[name]["query"]
        texts = {text.rpartition(" : ")[2] for text in offered.split(",")}
        assert value in {*texts, "$__all"} or value.startswith("${__data.fields.")


@pytest.mark.parametrize(
    ("panel", "field"),
    [
        pytest.param(panel, field, id=f"{uid}/{panel['title']}")
        for uid, panel in PANELS
        for field, key, _ in properties(panel)
        if field.startswith("runbook") and key == "mappings"
    ],
)
def test_every_row_has_a_section_of_the_runbook(panel: dict[str, Any], field: str) -> None:
    """Each reason, alert and remark that may stand in a row is an anchor of the runbook."""
    (anchors,) = next(
        value for name, key, value in properties(panel) if (name, key) == (field, "mappings")
    )

    for value in anchors["options"]:
        text, _ = shown(panel, value, field=field)
        assert text in SECTIONS


@pytest.mark.parametrize("panel", [pytest.param(p, id=f"{uid}/{p['title']}") for uid, p in PANELS])
def test_a_description_links_to_its_runbook(panel: dict[str, Any]) -> None:
    """Each alert that it names is a link to its section."""
    text = panel["description"]
    linked = re.findall(r"\[(UKC\w+)\]\((\S+)\)", text)

    assert set(re.findall(r"UKC\w+", re.sub(r"\([^)]*\)", "", text))) == {a for a, _ in linked}
    for alert, url in linked:
        assert url == f"{RUNBOOK}#{alert.lower()}"
        assert alert.lower() in SECTIONS


@pytest.mark.parametrize(
    ("title", "chosen"),
    [
        pytest.param("Critical", {"var-severity": "critical"}),
        pytest.param("Warning", {"var-severity": "warning"}),
        pytest.param("Info", {"var-severity": "info"}),
        pytest.param("OK", {"var-severity": "ok|"}),
        pytest.param("Total", {"var-severity": "$__all"}),
    ],
)
def test_a_tile_leads_to_what_it_counts(title: str, chosen: dict[str, str]) -> None:
    """With what was searched for, in every reason."""
    ((panel, link),) = (
        (panel, link)
        for uid, panel in PANELS
        for _, link in links(panel)
        if panel["title"] == title
    )
    target, found = parameters(link["url"])

    assert panel["type"] == "stat"
    assert target == "ukc-certificates"
    kept = {"var-search", "var-account", "var-metro"}
    assert chosen | {"var-reason": "$__all"} == {
        k: found[k] for k in ("var-severity", "var-reason")
    }
    assert kept <= set(found)
