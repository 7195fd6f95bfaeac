"""House rules of the alert files and the runbook."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from exporter import judgement
from exporter.exposition.aggregates import AGGREGATES
from exporter.exposition.families import FAMILIES
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key
from tests.alerts.promql import selectors
from tests.alerts.rules import (
    ALERTS,
    FOLDER,
    NAMES,
    REASONS,
    REMEMBERED,
    RULE_FILES,
    RULES,
    RUNBOOK,
    Rule,
)
from tests.world.dashboard_files import UIDS, load

BASE = "https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/runbook.md#"
PROMETHEUS_OWN = {"up"}
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Usual causes", "Fix", "Silence")

by_id = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.id)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def exposed() -> set[str]:
    """The metrics of the exporter's page, from the tables and from its own telemetry."""
    telemetry = Telemetry()
    telemetry.configuration_loaded(0.0)
    telemetry.track(Key("default", "fra0"), interval=60.0)
    page = telemetry.exposition(openmetrics=False).decode()
    own = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    samples = {family.sample or family.name for family in AGGREGATES}
    return {family.name for family in FAMILIES} | samples | own | PROMETHEUS_OWN


def known() -> set[str]:
    """What an expression may name: exposed metrics and recorded series."""
    return exposed() | {rule.record for rule in RULES if rule.record}


def template_queries(text: str) -> list[str]:
    """The queries that a message makes, with something in place of their labels."""
    return [found.replace("%q", '"x"') for found in re.findall(r'printf\s+"([^"]*%q[^"]*)"', text)]


def runbook() -> dict[str, str]:
    """The runbook's sections by their heading."""
    parts = re.split(r"^## (.+)$", RUNBOOK.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@every_rule
def test_names_only_metrics_that_are_there(rule: Rule) -> None:
    """A renamed metric breaks the build, not the pager."""
    queries = [rule.expr, *template_queries(rule.annotations.get("description", ""))]
    named = {selector.metric for query in queries for selector in selectors(query)}

    assert named
    assert set() == named - known()


@every_rule
def test_selects_on_job_only_where_a_target_is_missing(rule: Rule) -> None:
    """Any job name will do, but for the one alert that has nothing else to go by."""
    on_job = any("job" in selector.labels for selector in selectors(rule.expr))

    assert on_job == (rule.alert == "UKCExporterDown")


@every_rule
def test_aggregates_replicas_away(rule: Rule) -> None:
    """What groups by a metro or certificate keeps `cluster` and `job`, and never a replica."""
    groups = re.findall(r"\b(?:by|on) \(([^)]*)\)", rule.expr)

    for names in (re.split(r",\s*", group) for group in groups):
        assert names[:2] == ["cluster", "job"]
    for names in re.findall(r"\bby \(([^)]*)\)", rule.expr):
        assert "instance" not in names


@every_rule
def test_one_rule_reads_its_own_past(rule: Rule) -> None:
    """Nothing else has a memory, so nothing else can forget."""
    own = {rule.record, "ALERTS", "ALERTS_FOR_STATE"}
    named = {selector.metric for selector in selectors(rule.expr)}

    assert bool(own & named) == (rule.record == REMEMBERED)


@every_rule
def test_says_why(rule: Rule) -> None:
    """Above one line a comment stands in the expression, where the person reads who was paged."""
    assert "# " in rule.expr or "\n" not in rule.expr.strip()


@by_id
def test_name(rule: Rule) -> None:
    """CamelCase, and short enough for a subject line."""
    assert rule.alert is not None
    assert re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule.alert)
    assert len(rule.alert) <= 40


def is_judged(rule: Rule) -> bool:
    """Whether it says what the exporter has judged, in the severity that it has judged."""
    return rule.alert is not None and "severity" not in rule.labels


@by_id
def test_severity(rule: Rule) -> None:
    """One of three severities and no other label; or that of the series."""
    if not is_judged(rule):
        assert {"severity"} == set(rule.labels)
        assert rule.labels["severity"] in ("critical", "warning", "info")
        assert re.fullmatch(r"\d+[mhd]", rule.wait or "")
    else:
        assert {} == rule.labels
        assert REMEMBERED in rule.expr or "severity" in rule.expr


def test_alerts_are_those_of_the_judgement() -> None:
    """Each reason is one alert, and none is about a reason that nobody gives."""
    assert {reason.name: reason.alert for reason in judgement.REASONS} == REASONS


@pytest.mark.parametrize(("reason", "alert"), REASONS.items())
def test_each_reason_is_one_line(reason: str, alert: str) -> None:
    """Its expression is the reason and no more, and the severity is the series' own."""
    (rule,) = (rule for rule in ALERTS if rule.alert == alert)

    assert f'{REMEMBERED}{{reason="{reason}"}}' == rule.expr
    assert {} == rule.labels


@by_id
def test_message(rule: Rule) -> None:
    """A fixed sentence as summary, a description that names the thing, and where to read on."""
    expected = {"summary", "description", "runbook_url", "dashboard_url"}
    assert set(rule.annotations) == expected
    assert re.fullmatch(r"[A-Z][^{}\n]+\.", rule.annotations["summary"])
    assert "{{ $labels." in rule.annotations["description"]
    assert re.search(r"[.;]( *\{\{-? end \}\})?$", rule.annotations["description"].strip())
    assert f"{BASE}{(rule.alert or '').lower()}" == rule.annotations["runbook_url"]


@by_id
def test_dashboard(rule: Rule) -> None:
    """A dashboard that is there, with variables that it has, for the labels of the alert."""
    url = urlsplit(
        re.sub(r"\{\{ \$labels\.(\w+) \| urlquery \}\}", r"<\1>", rule.annotations["dashboard_url"])
    )
    query = dict(parse_qsl(url.query))
    uid = url.path.removeprefix("/d/")
    given = {name.removeprefix("var-"): v for name, v in query.items() if name.startswith("var-")}

    assert uid in UIDS
    assert set(given) <= {variable["name"] for variable in load(uid)["templating"]["list"]}
    assert {"from", "to"} <= set(query)
    for name, value in given.items():
        assert value == {"search": "<common_name>", "domain": "<common_name>"}.get(
            name, f"<{name}>"
        )


@pytest.mark.parametrize("alert", REASONS.values())
def test_certificate_message_names_it(alert: str) -> None:
    """By account, metro and name, and by its common name where it has one."""
    (text,) = (rule.annotations["description"] for rule in ALERTS if rule.alert == alert)

    assert "{{ $labels.name }}{{ with $labels.common_name }} for {{ . }}{{ end }}" in text
    assert "(account {{ $labels.account }}, metro {{ $labels.metro }})" in text


def test_alerts_and_runbook_are_equal() -> None:
    """An alert without a section, or a section without an alert, is nobody's help."""
    sections = [name for name in runbook() if name.startswith("UKC")]

    assert sorted(NAMES) == sorted(sections)


@pytest.mark.parametrize("name", NAMES)
def test_runbook_section(name: str) -> None:
    """Every section answers the same six questions."""
    assert list(SECTIONS) == re.findall(r"^\*\*(.+)\*\*$", runbook()[name], re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_runbook_severity(name: str) -> None:
    """The section names the severities of its rules and no other."""
    rules = [rule for rule in ALERTS if rule.alert == name and not is_judged(rule)]
    if rules:
        told = runbook()[name].split("\n\n")[1]
        assert {rule.labels["severity"] for rule in rules} == set(
            re.findall(r"critical|warning|info", told)
        )


@pytest.mark.parametrize("alert", REASONS.values())
def test_runbook_severity_of_the_judgement(alert: str) -> None:
    """The section names the severities that the reason can have and no other."""
    (reason,) = (reason for reason in judgement.REASONS if reason.alert == alert)

    told = runbook()[alert].split("\n\n")[1]
    assert set(reason.severities) == set(re.findall(r"critical|warning|info", told))


def test_runbook_queries() -> None:
    """Every query of the runbook is PromQL about metrics that are there."""
    blocks = re.findall(r"```promql\n(.+?)```", RUNBOOK.read_text(), re.DOTALL)
    queries = [query for block in blocks for query in re.split(r"\n(?=ukc_|metro:|time)", block)]
    named = {selector.metric for query in queries for selector in selectors(query)}

    assert set() == named - known() - {""}
    assert len(named) > 10


def test_runbook_links() -> None:
    """Links within the page lead somewhere."""
    text = RUNBOOK.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}

    assert set() == set(re.findall(r"\]\(#([^)]+)\)", text)) - anchors


def test_readme_lists_what_is_recorded() -> None:
    """Dashboards are built on that list."""
    listed = re.findall(
        r"^\| `([^` ]+:[^` ]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE
    )

    assert {rule.record for rule in RULES if rule.record} == set(listed)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_groups_have_only_what_2_42_knows(path: Path) -> None:
    """No labels, no limit; the interval is the operator's, but where days are compared."""
    groups = yaml.safe_load(path.read_text())["groups"]

    for group in groups:
        assert {"name", "rules"} == set(group) - {"interval"}
        assert group.get("interval") == ("5m" if group["name"] == "ukc-drift" else None)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_expressions_are_written_out(path: Path) -> None:
    """Prometheus 2.42 takes the name of a YAML alias for the expression itself."""
    assert re.findall(r"^ +expr: [*&].*$", path.read_text(), re.MULTILINE) == []
