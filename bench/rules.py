"""What the alert rules cost a real Prometheus: `python -m bench.rules --help`.

A made-up page is scraped and the rules are evaluated; what Prometheus itself says of each
evaluation is the result, so that reading the page does not count. A group with an interval of its
own is evaluated as often as the others.
"""

import argparse
import gzip
import http.server
import itertools
import json
import os
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench.world import free_port, process

DAY = 86_400
PEERS = Path(os.environ.get("PEERS", "/opt/peers"))
SHIPPED = sorted((Path(__file__).parent.parent / "alerts").glob("*.rules.yaml"))
METROS = ("dal2", "fra0", "sin0", "was1")
STATES = ("pending", "valid", "error")
_SECONDS_TO_SETTLE = 600


class Trouble(NamedTuple):
    """One way in which a certificate needs attention; `left` are the days to its expiry."""

    reason: str
    severity: str
    left: float
    renewal: str = "automatic"
    state: str = "valid"


TROUBLES = (
    Trouble("expired", "critical", -1),
    Trouble("imminent", "critical", 5),
    Trouble("renewal_overdue", "warning", 15),
    Trouble("expiring_soon", "warning", 20, renewal="manual"),
    Trouble("failed", "warning", 60, state="error"),
)
HEALTHY = Trouble("", "", 60)


def page(certificates: int, attention: float, now: float) -> str:
    """A page of so many certificates in four metros, of which a share needs attention."""
    every = round(1 / attention)
    troubles = itertools.cycle(TROUBLES)
    families: dict[str, list[str]] = {}
    for index in range(certificates):
        trouble = next(troubles) if index % every == 0 else HEALTHY
        for family, sample in _samples(index, trouble, now):
            families.setdefault(family, []).append(f"{family}{sample}\n")
    return "".join(itertools.chain(*families.values(), _of_metros(now)))


def _samples(index: int, trouble: Trouble, now: float) -> Iterator[tuple[str, str]]:
    name = f"tenant-{index:06d}.customers.example.com"
    own = f'account="default",metro="{METROS[index % 4]}",name="{name}-{index:05x}"'
    own = f'{own},common_name="{name}"'
    not_after = round(now + trouble.left * DAY)
    not_before = not_after - 90 * DAY
    names = f'uuid="{index:032x}",subject="CN={name}",issuer="CN=R12",serial_number="{index:036X}"'
    info = f'{names},wildcard="false",renewal="{trouble.renewal}"'
    group = f'service_group="young-monkey-{index:x}",service_group_uuid="{index:032x}"'
    yield "ukc_certificate_info", f"{{{own},{info}}} 1"
    for state in STATES:
        yield "ukc_certificate_state", f'{{{own},state="{state}"}} {int(state == trouble.state)}'
    if trouble.reason:
        label = f'reason="{trouble.reason}",severity="{trouble.severity}"'
        yield "ukc_certificate_attention", f"{{{own},{label}}} 1"
    yield "ukc_certificate_service_group_info", f"{{{own},{group}}} 1"
    for fact, value in (
        ("expiry_days", trouble.left),
        ("not_after_timestamp_seconds", not_after),
        ("not_before_timestamp_seconds", not_before),
        ("created_timestamp_seconds", not_before),
        ("warning_timestamp_seconds", not_after - 22.5 * DAY),
        ("critical_timestamp_seconds", not_after - 9 * DAY),
        ("validation_attempts", 0),
        ("service_groups", 1),
    ):
        yield f"ukc_certificate_{fact}", f"{{{own}}} {value}"


def _of_metros(now: float) -> Iterator[str]:
    for metro in METROS:
        own = f'account="default",metro="{metro}"'
        yield f"ukc_up{{{own}}} 1\n"
        yield f"ukc_last_success_timestamp_seconds{{{own}}} {now + DAY}\n"
        yield f"ukc_certificates_listed{{{own}}} 25000\n"
    yield "ukc_exporter_shards 1\nukc_exporter_config_last_reload_successful 1\n"


@contextmanager
def _serving(text: str) -> Iterator[str]:
    """The page on loopback; its address."""
    body = gzip.compress(text.encode(), 1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Evaluation(NamedTuple):
    """One evaluation of each group: its seconds by group, and by rule."""

    groups: dict[str, float]
    rules: dict[str, float]


class Memory(NamedTuple):
    """Memory of a process in MB: now, and the most so far."""

    resident: float
    peak: float


def measure(
    program: str, rules: Sequence[Path], text: str, interval: str, evaluations: int
) -> tuple[list[Evaluation], Memory]:
    """So many evaluations, after two that do not count, and what Prometheus needed for them."""
    with tempfile.TemporaryDirectory(prefix="bench-rules-") as folder, _serving(text) as target:
        configuration = {
            "global": dict.fromkeys(
                ("scrape_interval", "scrape_timeout", "evaluation_interval"), interval
            ),
            "rule_files": _without_intervals(rules, Path(folder)),
            "scrape_configs": [
                {
                    "job_name": "ukc-certificate-exporter",
                    "static_configs": [{"targets": [target]}],
                }
            ],
        }
        path, port = Path(folder) / "prometheus.yml", free_port()
        path.write_text(json.dumps(configuration))
        command = (
            program,
            f"--config.file={path}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        with process(*command, port=port) as started:
            seen = itertools.islice(_evaluations(port), 2, 2 + evaluations)
            return list(seen), Memory(started.resident(), started.peak())


def _without_intervals(rules: Sequence[Path], folder: Path) -> list[str]:
    """Copies of the rule files with every group evaluated as often as the others; their paths."""
    paths = [folder / path.name for path in rules]
    for source, target in zip(rules, paths, strict=True):
        target.write_text(re.sub(r"(?m)^ +interval: .+\n", "", source.read_text()))
    return [str(path) for path in paths]


def _evaluations(port: int) -> Iterator[Evaluation]:
    """Each evaluation of every group once, from when the page is there."""
    give_up = time.monotonic() + _SECONDS_TO_SETTLE
    last: list[str] = []
    while time.monotonic() < give_up:
        time.sleep(0.5)
        if not _get(port, "query?query=count(ukc_certificate_info)")["result"]:
            continue
        groups = _get(port, "rules")["groups"]
        times = [group["lastEvaluation"] for group in groups]
        if any(a == b for a, b in itertools.zip_longest(times, last)):
            continue
        last = times
        broken = [rule for group in groups for rule in group["rules"] if rule["health"] == "err"]
        if broken:
            raise RuntimeError(f"{broken[0]['name']}: {broken[0]['lastError']}")
        yield Evaluation(
            {group["name"]: group["evaluationTime"] for group in groups},
            {rule["name"]: rule["evaluationTime"] for group in groups for rule in group["rules"]},
        )
    raise RuntimeError("Prometheus does not evaluate in time")


def _get(port: int, path: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=60) as answer:
        return json.load(answer)["data"]


def main() -> None:
    """Print a line for each size, and what the dearest rules take."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.rules", description="What the alert rules cost a real Prometheus."
    )
    parser.add_argument("--rules", nargs="+", type=Path, default=SHIPPED, help="rule files")
    parser.add_argument("--certificates", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--attention", type=float, default=0.02, help="share with a reason")
    parser.add_argument("--interval", default="15s", help="between scrapes and evaluations")
    parser.add_argument("--evaluations", type=int, default=7)
    parser.add_argument("--prometheus", default=str(PEERS / "prometheus"), help="the program")
    options = parser.parse_args()
    for size in options.certificates:
        text = page(size, options.attention, time.time())
        found, memory = measure(
            options.prometheus, options.rules, text, options.interval, options.evaluations
        )
        print(f"{size:,} certificates, seconds an evaluation:")
        for name in found[0].groups:
            seconds = [one.groups[name] for one in found]
            middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
            print(f"  {middle:.3f} s {name}, {least:.3f} to {most:.3f} s")
        print(f"  {memory.resident:,.0f} MB resident, {memory.peak:,.0f} MB at most")
        for name in sorted(found[0].rules, key=lambda name: -found[-1].rules[name])[:8]:
            print(f"  {statistics.median(one.rules[name] for one in found):.3f} s {name}")


if __name__ == "__main__":
    main()
