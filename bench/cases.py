"""The measurements: each starts its processes, ends them, and gives numbers."""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench.scrapers import quantile, scrape, side_by_side
from bench.world import Process, api, exporter, free_port, nginx, process

POLLS = 5
SCRAPERS = 8
ROUNDS = 40
_SECONDS = 120.0

Numbers = dict[str, float]


def poll_cost(folder: Path, certificates: int, metros: int, renewed: int) -> Numbers:
    """CPU seconds of one poll of every metro, and of the floor, from one API in one run."""
    # The kernel counts a process' CPU in hundredths of a second: small polls need to be many.
    times = max(POLLS, min(200, 100_000 // max(certificates, 1)))
    with api(certificates, metros=metros, renewed=renewed) as upstream:
        with exporter(folder, upstream, metros=metros, interval="10ms") as running:
            _until(lambda: _polls(upstream) >= 3 * metros)
            polls, cpu = _polls(upstream), running.cpu()
            _until(lambda: _polls(upstream) >= polls + times * metros)
            # An answer that is being read belongs to neither side: polls are counted at the API.
            spent, done = running.cpu() - cpu, _polls(upstream) - polls
            peak = running.peak()
        url = f"http://127.0.0.1:{upstream.address[1]}/m0"
        floor = float(_python("bench.floor", url, str(times))) * metros
    per_poll = spent / done * metros
    return {
        "poll_cpu_seconds": per_poll,
        "floor_cpu_seconds": floor,
        "ratio": per_poll / floor,
        "peak_mb": peak,
    }


def scrapes(folder: Path, certificates: int, *, interval: str = "10ms") -> Numbers:
    """Scrapes beside nginx, while every certificate changes from poll to poll."""
    with (
        api(certificates, renewed=certificates) as upstream,
        exporter(folder, upstream, interval=interval) as running,
    ):
        _ready(running)
        page = _page(running)
        polls = _polls(upstream)
        with nginx(folder, page) as static:
            theirs, ours = side_by_side(
                [(static.address, "/page"), (running.address, "/metrics")],
                scrapers=SCRAPERS,
                rounds=ROUNDS,
                pause=0.02,
            )
        return {
            "page_bytes": len(page),
            "polls_meanwhile": _polls(upstream) - polls,
            "nginx_p50_seconds": statistics.median(theirs),
            "exporter_p50_seconds": statistics.median(ours),
            "p50_ratio": statistics.median(ours) / statistics.median(theirs),
            "nginx_p99_seconds": quantile(theirs, 0.99),
            "exporter_p99_seconds": quantile(ours, 0.99),
            "p99_ratio": quantile(ours, 0.99) / quantile(theirs, 0.99),
            "peak_mb": running.peak(),
        }


def loop_block(folder: Path, certificates: int) -> Numbers:
    """How late the event loop wakes up under polls, renderings and scrapers."""
    result = folder / "probe"
    os.environ["BENCH_PROBE"] = str(result)
    with (
        api(certificates, renewed=certificates) as upstream,
        exporter(folder, upstream, interval="10ms", module=("bench.probed",)) as running,
    ):
        _ready(running)
        targets = [(running.address, "/metrics")]
        command = (sys.executable, "-m", "bench.probed", "alone", "10")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as beside:
            side_by_side(targets, scrapers=SCRAPERS, rounds=ROUNDS, pause=0.05)
            bare = beside.communicate(timeout=60)[0]
    worst, hundredth, over, wakes = map(float, result.read_text().split())
    bare_worst, bare_hundredth, bare_over, bare_wakes = map(float, bare.split())
    return {
        "idle_loop_beside_worst_seconds": bare_worst,
        "idle_loop_beside_p99_seconds": bare_hundredth,
        "idle_loop_beside_over_50ms": bare_over,
        "idle_loop_beside_wakes": bare_wakes,
        "worst_seconds": worst,
        "p99_seconds": hundredth,
        "over_50ms": over,
        "wakes": wakes,
    }


def client_library(folder: Path, certificates: int) -> Numbers:
    """Rendering and a scrape, here and through prometheus_client."""
    theirs, first, again = map(float, _python("bench.client_library", str(certificates)).split())
    with api(certificates) as upstream, exporter(folder, upstream) as running:
        _ready(running)
        ours = statistics.median(scrape(running.address, "/metrics")[0] for _ in range(11))
    return {
        "generate_latest_gzip_seconds": theirs,
        "first_render_seconds": first,
        "unchanged_render_seconds": again,
        "scrape_seconds": ours,
        "render_ratio": theirs / first,
        "scrape_ratio": theirs / ours,
    }


def start(folder: Path) -> Numbers:
    """CPU and memory of an exporter from its start to its first page, without certificates."""
    with api(0) as upstream:
        spent, resident = [], []
        for _ in range(POLLS):
            with exporter(folder, upstream) as running:
                _page(running)
                spent.append(running.cpu())
                resident.append(running.peak())
    return {
        "first_page_cpu_seconds": statistics.median(spent),
        "idle_peak_mb": statistics.median(resident),
    }


def growth_over_polls(folder: Path, certificates: int, polls: int) -> Numbers:
    """Resident memory early and late in a life of many polls of a fleet that changes."""
    with (
        api(certificates, renewed=certificates // 10) as upstream,
        exporter(folder, upstream, interval="10ms") as running,
    ):
        _until(lambda: _polls(upstream) >= 20)
        early = running.resident()
        _until(lambda: _polls(upstream) >= 20 + polls)
        return {
            "early_mb": early,
            "late_mb": running.resident(),
            "peak_mb": running.peak(),
            "polls": polls,
        }


def ingestion(folder: Path, certificates: int) -> Numbers:
    """How long a real Prometheus takes for a scrape, and how many samples it finds."""
    if shutil.which("prometheus") is None:
        return {}
    with api(certificates) as upstream, exporter(folder, upstream) as running:
        _ready(running)
        port = free_port()
        path = folder / "prometheus.yml"
        path.write_text(
            "scrape_configs:\n  - job_name: bench\n"
            "    scrape_interval: 60s\n    scrape_timeout: 60s\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{running.address[1]}']}}]\n"
        )
        command = (
            "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        with process(*command, port=port) as prometheus:
            found: list[Numbers] = []

            def seen() -> bool:
                values = [
                    _query(port, f"scrape_{n}") for n in ("samples_scraped", "duration_seconds")
                ]
                found.append(dict(zip(("samples", "scrape_seconds"), values, strict=True)))
                return min(values) > 0

            _until(seen, seconds=240)
            return {**found[-1], "up": _query(port, "up"), "prometheus_mb": prometheus.peak()}


def _query(port: int, expression: str) -> float:
    import json

    url = f"http://127.0.0.1:{port}/api/v1/query?query={expression}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            result = json.load(answer)["data"]["result"]
    except urllib.error.URLError:
        return 0.0
    return float(result[0]["value"][1]) if result else 0.0


def _python(module: str, *arguments: str) -> str:
    command = (sys.executable, "-m", module, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def _get(where: Process, path: str) -> bytes:
    url = f"http://{where.address[0]}:{where.address[1]}{path}"
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _polls(upstream: Process) -> int:
    return int(_get(upstream, "/count"))


def _page(running: Process) -> bytes:
    return _get(running, "/metrics")


def _ready(running: Process) -> None:
    def ready() -> bool:
        with contextlib.suppress(urllib.error.HTTPError):
            return bool(_get(running, "/-/ready"))
        return False

    _until(ready)


def _until(reached: Callable[[], bool], *, seconds: float = _SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > give_up:
            raise TimeoutError(f"not reached within {seconds:g} s")
        time.sleep(0.02)
