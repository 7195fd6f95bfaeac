"""A colour is the severity of what fires: red pages, orange warns, blue informs."""

import json
import re
from collections import defaultdict

import pytest
import yaml

from dashboards.source.severities import ALERTS, RANKS, colour
from exporter.judgement import COLOURS, REASONS
from tests.dashboards.display import shown
from tests.world.dashboard_files import ROOT, UIDS, load, panel, panels

FLEET, CERTIFICATE, EXPORTER = "ukc-certificates", "ukc-certificate", "ukc-exporter"
GREY = "#808080"
STEP = 1e12
"""What the fleet's table adds for each rank."""


@pytest.mark.parametrize(
    ("uid", "title", "field", "value", "expected"),
    [
        # Tiles that count a severity.
        (FLEET, "Critical", "", None, ("unknown", GREY)),
        (FLEET, "Critical", "", -1, ("no match", GREY)),
        (FLEET, "Critical", "", 0, (None, "green")),
        (FLEET, "Critical", "", 1, (None, COLOURS["critical"])),
        (FLEET, "Warning", "", 0, (None, "green")),
        (FLEET, "Warning", "", 100, (None, COLOURS["warning"])),
        (FLEET, "Info", "", 0, (None, "green")),
        (FLEET, "Info", "", 3, (None, COLOURS["info"])),
        (FLEET, "OK", "", 0, (None, "text")),
        (FLEET, "OK", "", 7, (None, "green")),
        (FLEET, "Total", "", -1, ("no match", GREY)),
        (FLEET, "Total", "", 7, (None, "text")),
        # Ranks, by themselves and with a moment of expiry taken away, of any century.
        *(
            (uid, title, field, rank, (name, COLOURS[name]))
            for uid, title, field in (
                (FLEET, "By reason", "Value #A"),
                (FLEET, "Firing alerts", "Value #A"),
                (CERTIFICATE, "The domain's certificates", "Value #A (max)"),
                (CERTIFICATE, "Severity", ""),
            )
            for name, rank in RANKS.items()
        ),
        *(
            (FLEET, "What needs attention, by domain", "Value #A (max)", score, expected)
            for score, expected in (
                (9 * STEP, ("partial", GREY)),
                (3 * STEP, ("critical", COLOURS["critical"])),
                (3 * STEP - 2.5e11, ("critical", COLOURS["critical"])),
                (2 * STEP, ("warning", COLOURS["warning"])),
                (2 * STEP - 1.8e9, ("warning", COLOURS["warning"])),
                (STEP - 1.8e9, ("info", COLOURS["info"])),
                (0, ("OK", "green")),
                (-1.8e9, ("OK", "green")),
            )
        ),
        (CERTIFICATE, "Severity", "", 0, ("OK", "green")),
        # Facts that are an alert: the colour is what it begins with.
        (FLEET, "Metros not read", "", 0, (None, "green")),
        (FLEET, "Metros not read", "", 1, (None, colour("UKCMetroUnreachable"))),
        (FLEET, "Metros not read", "", -1, ("exporter down", colour("UKCExporterDown"))),
        (CERTIFICATE, "The domain's certificates", "Value #E (max)", 0.04, (None, "text")),
        (
            CERTIFICATE,
            "The domain's certificates",
            "Value #E (max)",
            0.05,
            (None, colour("UKCCertificateDrift")),
        ),
        (EXPORTER, "Exporters down", "", 1, (None, colour("UKCExporterDown"))),
        (EXPORTER, "Metros failing", "", 1, (None, colour("UKCMetroUnreachable"))),
        (EXPORTER, "Items not read", "", 1, (None, colour("UKCCertificatesSkipped"))),
        (EXPORTER, "Reloads failed", "", 1, (None, colour("UKCExporterConfigReloadFailed"))),
        (EXPORTER, "Internal errors", "", 1, (None, colour("UKCExporterInternalError"))),
        # Facts that are none: no colour.
        (FLEET, "What needs attention, by domain", "Value #B (min)", -3, (None, "text")),
        (CERTIFICATE, "The domain's certificates", "Value #D (min)", -3, (None, "text")),
        (CERTIFICATE, "Time left, and when it becomes too little", "", 1, (None, "text")),
    ],
)
def test_colour(
    uid: str, title: str, field: str, value: float | None, expected: tuple[str | None, str]
) -> None:
    """What Grafana makes of a number by the panel's own mappings and thresholds."""
    assert expected == shown(panel(uid, title), value, field=field)


def test_severities_are_those_of_the_rules() -> None:
    """What only Prometheus sees begins as grave as its rules say."""
    severities: defaultdict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "alerts").glob("*.rules.yaml"):
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                # A rule without a severity of its own takes that of its series.
                if "severity" in rule.get("labels", {}) and "alert" in rule:
                    severities[rule["alert"]].add(rule["labels"]["severity"])
    ours = {**ALERTS, **{reason.alert: reason.severities for reason in REASONS}}

    known = {name: set(ours[name]) for name in ours.keys() & severities.keys()}
    assert known == {name: severities[name] for name in known}
    assert len(known) > 10


@pytest.mark.parametrize("uid", UIDS)
def test_no_panel_judges_by_itself(uid: str) -> None:
    """No threshold in days or as a share of a lifetime is written into a dashboard."""
    for entry in panels(load(uid)):
        for text in re.findall(r'"thresholds": (\{.*?\]\s*\})', json.dumps(entry["fieldConfig"])):
            values = [step["value"] for step in json.loads(text)["steps"]]
            # Zero, one, and the two limits of alerts that are about no certificate's expiry.
            assert set(values) <= {None, 0, 1, 900, 3600 / 86400}
