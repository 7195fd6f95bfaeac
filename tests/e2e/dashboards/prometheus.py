"""A real Prometheus over blocks that were written for it: started once, and only asked."""

import contextlib
import dataclasses
import functools
import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.dashboards import grafana
from tests.dashboards.grafana import Opened, Value
from tests.e2e.programs import free_port
from tests.world.dashboard_files import Query, variable_queries

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

    def answer(self, query: Query, opened: Opened) -> list[Series]:
        """The series of a query of an opened dashboard, as Grafana asks for them."""
        expr, (start, end) = opened.expr(query), opened.span(query)
        if query.kind != "range":
            found: list[Series] = self.ask("query", query=expr, time=end)["result"]
            return found
        step = opened.step(query)
        # Grafana begins a range where its step does.
        start -= start % step
        ranged = {"start": start, "end": end, "step": step}
        answered: list[Series] = self.ask("query_range", query=expr, **ranged)["result"]
        return answered

    def offered(self, query: Query, opened: Opened) -> tuple[str, ...]:
        """What a variable offers, in the order that Prometheus gives it."""
        expr = opened.expr(query)
        if query.kind == "label_values":
            selector, _, label = expr.rpartition(",")
            span = dict(zip(("start", "end"), (opened.now - 86400, opened.now), strict=True))
            path = f"label/{label.strip()}/values"
            return tuple(self.ask(path, **{"match[]": selector.strip()}, **span))
        pattern = re.compile(query.panel["regex"].strip("/"))
        result = self.ask("query", query=expr, time=opened.now)["result"]
        return tuple(match[1] for match in map(pattern.search, map(_text, result)) if match)

    @functools.cache  # noqa: B019 - one for the whole session
    def opened(self, uid: str, now: float, **values: Value) -> Opened:
        """A dashboard as it opens, but for the variables given."""
        board = Opened(uid, now, {**grafana.chosen_at_first(uid), **values}, {})
        for query in variable_queries(uid):
            name = query.place.removeprefix("variable ")
            if name not in values:
                offered = self.offered(query, board)
                first = board.values[name] or (offered[0] if offered else "")
                board = dataclasses.replace(
                    board,
                    offered={**board.offered, name: offered},
                    values={**board.values, name: first},
                )
        return board


def _text(series: Series) -> str:
    """A series as Grafana's `query_result` writes it before it applies the regular expression."""
    labels = dict(series["metric"])
    name = labels.pop("__name__", "")
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}} {series['value'][1]} {series['value'][0]}"


@contextlib.contextmanager
def running(directory: Path, samples: Iterable[str]) -> Iterator[Prometheus]:
    """A Prometheus that holds these samples, each a line of OpenMetrics with its time."""
    source, data, log = (directory / name for name in ("samples.txt", "data", "prometheus.log"))
    with source.open("w", encoding="utf-8") as page:
        page.writelines(f"{line}\n" for line in samples)
        page.write("# EOF\n")
    # Blocks of two hours would have it read the file once for each.
    create = ("promtool", "tsdb", "create-blocks-from", "--max-block-duration=1458h", "--quiet")
    subprocess.run((*create, "openmetrics", source, data), check=True, stdout=subprocess.DEVNULL)
    (directory / "prometheus.yml").write_text("{}", "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = (
        "prometheus",
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        "--log.level=warn",
    )
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output) as process,
    ):
        try:
            _await_ready(f"http://{address}/-/ready", process, log)
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text("utf-8")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=PATIENCE):
            return
        assert time.monotonic() < end, "waited in vain for Prometheus"
        time.sleep(0.05)
