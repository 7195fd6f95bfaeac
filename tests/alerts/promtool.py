"""What the shipped rules say of made-up targets, as promtool evaluates them."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.alerts.rules import RULE_FILES
from tests.alerts.scrapes import Target
from tests.alerts.shortened import shortened_rules

_HALF_AN_HOUR: Final = 30
_SHIPPED: Final = tuple(map(str, RULE_FILES))

_ALERTS: Final = "count by (alertname, severity, alertstate) (ALERTS{{alertname=~'{about}'}})"
_GOT: Final = re.compile(r'expr: "[^"]+ # (\d+) (\d+)", time: \S+\s+exp: nil\s+got: (.+)')
_SAMPLE: Final = re.compile(r"\{([^}]*)\} ([^\s,]+)")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_TEXT: Final = re.compile(
    r"name: (\d+),\s+alertname: \w+, time: \S+\s+exp:\[\],\s+got:\[\s+"
    r'0:\s+Labels:.+\s+Annotations:\{(?:dashboard_url="[^"]*", )?description=("(?:[^"\\]|\\.)*")'
)


class Case(NamedTuple):
    """Targets in their phases, and the alerts that there are at some minutes.

    An alert is written as name and severity, with `pending` where it does not fire yet, and with
    a number in front where there are several. An alert that is not named must not be there, if
    its name matches `about`. Scrapes and evaluations are `step` minutes apart.
    """

    targets: Sequence[Target]
    alerts: Mapping[int, Sequence[str]]
    step: int = 1
    about: str = ".+"


def alerts(
    program: str, cases: Mapping[str, Case], folder: Path
) -> dict[str, dict[int, list[str]]]:
    """The alerts of each case at its minutes, in order, as this promtool evaluates them."""
    answers: dict[str, dict[int, list[str]]] = {
        name: {minute: [] for minute in case.alerts} for name, case in cases.items()
    }
    names = list(cases)
    for step in sorted({case.step for case in cases.values()}):
        numbered = ((n, cases[name]) for n, name in enumerate(names))
        tests = [_alerts_test(n, case) for n, case in numbered if case.step == step]
        # promtool is asked by expecting nothing: what it complains of is the answer.
        for number, minute, samples in _GOT.findall(_run(program, tests, step, folder)):
            found = [_alert(*sample) for sample in _SAMPLE.findall(samples)]
            answers[names[int(number)]][int(minute)] = sorted(found)
    return answers


def _alerts_test(number: int, case: Case) -> dict[str, Any]:
    expr = _ALERTS.format(about=case.about)
    asked = [
        {"eval_time": f"{minute}m", "expr": f"{expr} # {number} {minute}", "exp_samples": []}
        for minute in case.alerts
    ]
    return _test(str(number), case.targets, max(case.alerts), case.step, promql_expr_test=asked)


def _alert(labels: str, count: str) -> str:
    label = dict(_LABEL.findall(labels))
    number = "" if float(count) == 1 else f"{float(count):.0f} "
    state = " pending" if label["alertstate"] == "pending" else ""
    return f"{number}{label['alertname']} {label['severity']}{state}"


class Message(NamedTuple):
    """An alert, and targets in whose phases it fires."""

    alert: str
    targets: Sequence[Target]


def descriptions(program: str, messages: Mapping[str, Message], folder: Path) -> dict[str, str]:
    """What each of the alerts tells after half an hour; one that does not fire is left out.

    Nothing but their `for` is shortened, so that those of a week fire as well.
    """
    tests = [
        _test(
            str(number),
            message.targets,
            _HALF_AN_HOUR,
            1,
            alert_rule_test=[
                {"eval_time": f"{_HALF_AN_HOUR}m", "alertname": message.alert, "exp_alerts": []}
            ],
        )
        for number, message in enumerate(messages.values())
    ]
    names = list(messages)
    output = _run(program, tests, 1, folder, shortened_rules(folder))
    return {names[int(number)]: json.loads(text) for number, text in _TEXT.findall(output)}


def _test(
    name: str, targets: Sequence[Target], minutes: int, step: int, **asked: object
) -> dict[str, Any]:
    series = [
        {"series": series, "values": values}
        for target in targets
        for series, values in target.series(minutes, step)
    ]
    return {"name": name, "interval": f"{step}m", "input_series": series, **asked}


def _run(
    program: str, tests: Sequence[object], step: int, folder: Path, rules: Sequence[str] = _SHIPPED
) -> str:
    """What promtool says of a file of tests."""
    path = folder / f"{step}.test.yaml"
    # JSON is YAML, and quicker to write.
    path.write_text(
        json.dumps({"rule_files": rules, "evaluation_interval": f"{step}m", "tests": tests})
    )
    command = (program, "test", "rules", str(path))
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    assert "err:" not in said, said[:2000]
    assert done.returncode in (0, 1), said[:2000]
    return said
