"""What the shipped rules and the common fixed-day pair say about recorded series."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import yaml

from bench.fidelity.exporter import STEP
from bench.fidelity.recording import Recording
from tests.alerts.rules import RULE_FILES

FIXED = ("FixedDaysWarning", "FixedDaysCritical")
"""The pair that is found most often: a warning at 28 days, a critical at 14."""

_DAYS = (28, 14)
_LEFT = "ukc_certificate_not_after_timestamp_seconds - time()"
_SEVERITIES = ("warning", "critical")
_PAIR = {
    "groups": [
        {
            "name": "fixed-days",
            "rules": [
                {
                    "alert": name,
                    "expr": f"{_LEFT} < {days * 86_400}",
                    "for": "5m",
                    "labels": {"severity": severity},
                }
                for name, severity, days in zip(FIXED, _SEVERITIES, _DAYS, strict=True)
            ],
        }
    ]
}
_BEGUN = 'ALERTS{alertstate="firing"} unless ALERTS{alertstate="firing"} offset 5m'
_ENDED = 'ALERTS{alertstate="firing"} offset 5m unless ALERTS{alertstate="firing"}'
_SAID = re.compile(r'expr: "(.+)", time: (\S+),\s+exp: nil\s+got: (.+)')
_SAMPLE = re.compile(r"\{([^}]*)\} 1E\+00")
_THING = ("alertname", "severity", "metro", "name", "common_name", "reason")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Firing(NamedTuple):
    """One alert about one thing, from the step at which it fires to that at which it does not."""

    alert: str
    severity: str
    metro: str
    name: str
    common_name: str
    begin: int
    end: int


def firings(recording: Recording, folder: Path) -> list[Firing]:
    """Judge the recording with promtool: every time span in which an alert fired."""
    pair = folder / "fixed-days.rules.yaml"
    pair.write_text(yaml.safe_dump(_PAIR))
    test = folder / "recording.test.yaml"
    test.write_text(_test(recording, [*map(str, RULE_FILES), str(pair)]))
    done = subprocess.run(
        ("promtool", "test", "rules", test), capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "err:" not in said, said[:2_000]
    return list(_spans(said, recording.steps))


def _test(recording: Recording, rule_files: list[str]) -> str:
    """A promtool file that expects no alert ever begins or ends: it says which do."""
    asked = "".join(
        f"      - {{eval_time: {step * STEP}s, expr: '{expr}', exp_samples: []}}\n"
        for step in range(recording.steps)
        for expr in (_BEGUN, _ENDED)
    )
    series = "".join(
        f"      - series: '{_quoted(name)}'\n        values: '{values}'\n"
        for name, values in recording.series.promtool(recording.steps)
    )
    return (
        f"rule_files: {rule_files}\nevaluation_interval: {STEP}s\ntests:\n"
        f"  - interval: {STEP}s\n    input_series:\n{series}    promql_expr_test:\n{asked}"
    )


def _quoted(name: str) -> str:
    return name.replace("'", "''")


def _spans(said: str, steps: int) -> list[Firing]:
    begun: dict[tuple[str, ...], int] = {}
    spans = []
    for expr, time, samples in _SAID.findall(said):
        step = _seconds(time) // STEP
        for sample in _SAMPLE.findall(samples):
            labels = defaultdict(str, _LABEL.findall(sample))
            key = tuple(labels[label] for label in _THING)
            if expr.replace('\\"', '"') == _BEGUN:
                begun[key] = step
            else:
                spans.append(_firing(key, begun.pop(key), step))
    spans += [_firing(key, step, steps) for key, step in begun.items()]
    return sorted(spans, key=lambda span: span.begin)


def _firing(key: tuple[str, ...], begin: int, end: int) -> Firing:
    alert, severity, metro, name, common_name, _ = key
    return Firing(alert, severity, metro, name, common_name, begin, end)


def _seconds(duration: str) -> int:
    units = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)(y|w|d|h|m|s)", duration))
