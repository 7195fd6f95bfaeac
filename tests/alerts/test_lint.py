"""House rules of the alert files and the runbook."""

import re

import pytest
import yaml

from exporter.exposition.aggregates import AGGREGATES
from exporter.exposition.families import FAMILIES, IDENTITY
from exporter.exposition.telemetry import Telemetry
from exporter.judgement import COLOURS, REASONS, Reason
from exporter.polling.snapshot import Key
from tests.alerts.promql import selectors
from tests.alerts.rules import ALERTS, FOLDER, NAMES, RULE_FILES, RULES, RUNBOOK, Rule

BASE = "https://github.com/unikraft-cloud/certificate-exporter/blob/main/docs/runbook.md#"
PROMETHEUS_OWN = {"up", "ALERTS"}
SECTIONS = ("Meaning", "Impact", "First look", "Usual causes", "Fix", "Silence")

PATIENT = {reason.alert for reason in REASONS if reason.ladder != "oddity"}

by_id = pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule.id)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def severities(rule: Rule) -> set[str]:
    """The severities of an alert: its own, or those that its series may carry."""
    if "severity" in rule.labels:
        return {rule.labels["severity"]}
    reasons = [reason for reason in REASONS if reason.alert == rule.alert]
    return {s for reason in reasons for s in reason.severities} or {"critical", "warning"}


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
    queries = re.findall(r'printf\s+"([^"]*%q[^"]*)"', text)
    return [query.replace("%q", '"x"') for query in queries]


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
    labels = [re.split(r",\s*", group) for group in groups]

    for names in labels:
        assert names[:2] == ["cluster", "job"]
    for names in re.findall(r"\bby \(([^)]*)\)", rule.expr):
        assert "instance" not in names


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if "\n" in rule.expr.strip()], ids=lambda rule: rule.id
)
def test_says_why(rule: Rule) -> None:
    """A comment stands in an expression of several lines, where whoever was paged reads it."""
    assert "# " in rule.expr


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_each_reason_of_the_table_has_its_alert(reason: Reason) -> None:
    """One line, under the name that the table gives, with the severity of the series."""
    (rule,) = (rule for rule in ALERTS if rule.alert == reason.alert)

    assert rule.expr == f'certificate:ukc_certificate_attention:now{{reason="{reason.name}"}}'
    assert rule.labels == {}
    assert rule.annotations["runbook_url"] == f"{BASE}{reason.section}"


def test_no_alert_judges_a_certificate_by_itself() -> None:
    """What is read of the recorded attention is a reason of the table."""
    judged = {rule.alert for rule in ALERTS if "certificate:ukc_certificate_attention" in rule.expr}

    assert judged == {reason.alert for reason in REASONS}


@by_id
def test_name(rule: Rule) -> None:
    """CamelCase, and short enough for a subject line."""
    assert rule.alert is not None
    assert re.fullmatch(r"([A-Z]+[a-z0-9]+)+", rule.alert)
    assert len(rule.alert) <= 40


@by_id
def test_severity_and_wait(rule: Rule) -> None:
    """One of three severities, its own or that of its series, and no other label.

    Only what the exporter has waited for already fires at once.
    """
    assert set(rule.labels) <= {"severity"}
    assert severities(rule) <= set(COLOURS)
    assert severities(rule)
    assert re.fullmatch(r"\d+[mhd]", rule.wait or "") or rule.alert in PATIENT


@by_id
def test_message(rule: Rule) -> None:
    """A fixed sentence as summary, a description that names the thing, and where to read on."""
    assert {"summary", "description", "runbook_url"} == set(rule.annotations)
    assert re.fullmatch(r"[A-Z][^{}\n]+\.", rule.annotations["summary"])
    assert "{{ $labels." in rule.annotations["description"]
    assert re.search(r"(\.|\{\{-? end \}\})$", rule.annotations["description"].strip())
    assert f"{BASE}{(rule.alert or '').lower()}" == rule.annotations["runbook_url"]


@pytest.mark.parametrize(
    "rule",
    [rule for rule in ALERTS if "certificate:" in rule.expr or "common_name:" in rule.expr],
    ids=lambda rule: rule.id,
)
def test_certificate_message_names_it(rule: Rule) -> None:
    """Account, common name, and for one certificate its name and metro."""
    wanted = set(IDENTITY) - ({"name", "metro"} if rule.alert == "UKCCertificateDrift" else set())

    assert set() == {
        label for label in wanted if f"$labels.{label} }}}}" not in rule.annotations["description"]
    }


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
    said = runbook()[name].split("\n\n")[1]
    expected = {s for rule in ALERTS if rule.alert == name for s in severities(rule)}

    assert set(re.findall(r"critical|warning|info", said)) == expected


def test_runbook_queries() -> None:
    """Every query of the runbook is PromQL about metrics that are there."""
    blocks = re.findall(r"```promql\n(.+?)```", RUNBOOK.read_text(), re.DOTALL)
    named = {selector.metric for query in blocks for selector in selectors(query)}

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
def test_groups_have_only_what_2_42_knows(path: object) -> None:
    """No labels, limit or offset of a group."""
    groups = yaml.safe_load(path.read_text())["groups"]  # type: ignore[attr-defined]

    assert all(set(group) <= {"name", "interval", "rules"} for group in groups)
