"""A real Prometheus, asked as Grafana asks it."""

import contextlib
import dataclasses
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.programs import free_port
from tests.world.dashboard_files import ROOT, Query, replaced, variable_queries

PATIENCE = 30.0
Series = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Prometheus:
    """One that listens at `url`."""

    url: str

    def ask(self, path: str, **parameters: object) -> Any:
        """The data of an answer of its HTTP API; AssertionError with its words for an error."""
        body = urllib.parse.urlencode(parameters, doseq=True).encode()
        # Queries are long: Grafana posts them, and so do we.
        posted = body if path.startswith("query") else None
        url = f"{self.url}/api/v1/{path}" + ("" if posted else f"?{body.decode()}")
        try:
            with urllib.request.urlopen(url, posted, timeout=PATIENCE) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as exc:
            raise AssertionError(exc.read().decode()) from exc

    def instant(self, expr: str) -> list[Series]:
        """The series of a query for now."""
        found: list[Series] = self.ask("query", query=expr)["result"]
        return found

    def over_time(self, expr: str, start: float, end: float, step: float) -> list[Series]:
        """The series of a query over time."""
        data = self.ask("query_range", query=expr, start=start, end=end, step=step)
        found: list[Series] = data["result"]
        return found

    def number(self, expr: str) -> float | None:
        """The one number of a tile; None where there is none, which a tile calls unknown."""
        found = self.instant(expr)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def values(self, query: Query, chosen: Mapping[str, str]) -> list[str]:
        """What a variable offers, in the order that Prometheus gives it."""
        expr = replaced(query.expr, chosen)
        if query.kind == "label_values":
            selector, _, label = expr.rpartition(",")
            found: list[str] = self.ask(f"label/{label.strip()}/values", **{"match[]": selector})
            return found
        pattern = re.compile(query.panel["regex"].strip("/"))
        texts = (_result(series) for series in self.instant(expr))
        return [match[1] for match in map(pattern.search, texts) if match]

    def chosen(self, uid: str, **given: str) -> dict[str, str]:
        """The variables of a dashboard as they are when it opens, but for those given."""
        values = {"name": "", "search": "", **given}
        for query in variable_queries(uid):
            name = query.place.removeprefix("variable ")
            if name in given:
                continue
            offered = self.values(query, values)
            everything = query.panel.get("allValue") or "(" + "|".join(map(_literal, offered)) + ")"
            first = offered[0] if offered else ""
            values[name] = everything if query.panel["includeAll"] else first
        return values

    def judge(self) -> None:
        """Wait until every rule was evaluated on what has been scraped by now.

        Twice, because a rule may read what a later one gave the time before.
        """
        now = datetime.now(UTC) + timedelta(seconds=1)
        self.wait(lambda: min(self._evaluations(), default=now) > now, "the rules")

    def _evaluations(self) -> list[datetime]:
        # Nanoseconds are more than `fromisoformat` takes on Python 3.11.
        return [
            datetime.fromisoformat(group["lastEvaluation"][:19] + "+00:00")
            for group in self.ask("rules")["groups"]
        ]

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Ask until it is so; AssertionError that names `what` when patience ends."""
        end = time.monotonic() + PATIENCE
        while not ready():
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.2)


def _result(series: Series) -> str:
    """A series as Grafana's `query_result` writes it before it applies the regular expression."""
    labels = dict(series["metric"])
    name = labels.pop("__name__", "")
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}} {series['value'][1]} {series['value'][0]}"


def _literal(value: str) -> str:
    """A value within a regular expression within a string of PromQL, as Grafana escapes it."""
    return re.sub(r"[\\^$.*+?()[\]{}|]", r"\\\\\g<0>", value)


def rules(directory: Path) -> list[str]:
    """The shipped rules with every `for` taken away, so that alerts fire at once."""
    files = []
    for path in sorted((ROOT / "alerts").glob("*.rules.yaml")):
        copy = directory / path.name
        copy.write_text(re.sub(r"(?m)^(\s+for:) .*$", r"\1 0s", path.read_text("utf-8")), "utf-8")
        files.append(str(copy))
    return files


@contextlib.contextmanager
def running(
    directory: Path, targets: Mapping[str, list[str]], *, judged: bool, lookback: str = "5m"
) -> Iterator[Prometheus]:
    """A Prometheus that scrapes these addresses, by job; `judged` with the alert rules.

    It keeps its data under `directory/data`, and begins with what is there.
    """
    directory.mkdir(exist_ok=True)
    config = directory / "prometheus.yml"
    document = {
        "global": {"scrape_interval": "2s", "evaluation_interval": "1s"},
        "rule_files": rules(directory) if judged else [],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": addresses}]}
            for job, addresses in targets.items()
        ],
    }
    config.write_text(yaml.safe_dump(document), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address={address}",
        f"--query.lookback-delta={lookback}",
        "--log.level=warn",
    ]
    log = directory / "prometheus.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "GOMAXPROCS": "2"}
        ) as process,
    ):
        prometheus = Prometheus(f"http://{address}")
        try:
            prometheus.wait(lambda: _ready(prometheus, process, log), "Prometheus")
            yield prometheus
        finally:
            process.terminate()


def _ready(prometheus: Prometheus, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text("utf-8")
    try:
        with urllib.request.urlopen(f"{prometheus.url}/-/ready", timeout=PATIENCE):
            return True
    except OSError:
        return False
