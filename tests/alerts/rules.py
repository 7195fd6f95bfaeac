"""The shipped alert files, as tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "alerts"
RULE_FILES = tuple(sorted(FOLDER.glob("*.rules.yaml")))
ALERTMANAGER = FOLDER / "alertmanager.example.yaml"
RUNBOOK = REPOSITORY / "docs" / "runbook.md"
REMEMBERED = "certificate:ukc_certificate_attention:now"
"""The one series that is remembered, on which alerts about certificates are."""


class Rule(NamedTuple):
    """One rule of a rule file; `alert` is None for a recording rule, `record` for an alert."""

    alert: str | None
    record: str | None
    expr: str
    wait: str | None
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def id(self) -> str:
        """Its name, and the severity where it has one."""
        return "-".join(filter(None, (self.alert or self.record, self.labels.get("severity"))))


def rules() -> Iterator[Rule]:
    """Every rule of every file, in order."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from map(_rule, group["rules"])


def _rule(rule: dict[str, Any]) -> Rule:
    return Rule(
        rule.get("alert"),
        rule.get("record"),
        rule["expr"],
        rule.get("for"),
        rule.get("labels", {}),
        rule.get("annotations", {}),
    )


RULES = tuple(rules())
ALERTS = tuple(rule for rule in RULES if rule.alert)
REASONS = {
    found[1]: rule.alert
    for rule in ALERTS
    if rule.alert and (found := re.fullmatch(rf'{REMEMBERED}{{reason="(\w+)"}}', rule.expr))
}
"""The alert of each reason that the exporter gives."""
NAMES = tuple(dict.fromkeys(rule.alert for rule in ALERTS if rule.alert))
