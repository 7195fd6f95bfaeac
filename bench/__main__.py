"""`make bench`: measures, prints a table, writes JSON and a plot. Ends by itself in minutes."""

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import cases, report

SIZES = (10, 1_000, 10_000, 100_000)
DOCS = Path(__file__).parent.parent / "docs"


def main() -> int:
    """Everything, or a part of it; 1 where something that is needed is not installed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="the largest fleet")
    parser.add_argument("--output", type=Path, default=DOCS, help="where JSON and plot go")
    parser.add_argument("--only", nargs="*", help="names of measurements; others stay as they were")
    options = parser.parse_args()
    absent = [] if shutil.which("nginx") else ["nginx (on Debian: nginx-light)"]
    if importlib.util.find_spec("matplotlib") is None:
        absent.append("matplotlib (requirements/bench.txt)")
    if absent:
        print(f"NOT MEASURED: not installed: {', '.join(absent)}", file=sys.stderr)
        return 1
    results: report.Results = {"machine": report.machine()}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        measured = options.output / "performance.json"
        if options.only and measured.exists():
            results = json.loads(measured.read_text()) | dict.fromkeys(options.only, ())
        _measure(results, Path(folder), options)
    print(report.table(results))
    return 0


def _measure(results: report.Results, folder: Path, options: argparse.Namespace) -> None:
    def note(
        name: str, certificates: int, measure: Callable[[], cases.Numbers], **more: int
    ) -> None:
        if options.only and name not in options.only:
            return
        print(f"{name} {certificates:,} {more or ''}", file=sys.stderr, flush=True)
        found = {"certificates": certificates, "metros": 1, **more, **measure()}
        results[name] = [*results.get(name, ()), found]
        report.write(results, options.output)

    largest, middle = options.largest, min(10_000, options.largest)
    note("start", 0, partial(cases.start, folder))
    note("scrapes", largest, partial(cases.scrapes, folder, largest))
    note("loop", largest, partial(cases.loop_block, folder, largest))
    note("client_library", middle, partial(cases.client_library, folder, middle))
    note("memory", middle, partial(cases.growth_over_polls, folder, middle, 200))
    note("ingestion", largest, partial(cases.ingestion, folder, largest))
    for size in (size for size in reversed(SIZES) if size <= largest):
        for metros in (1, 10):
            changes = {
                "polls_all": size,
                "polls_some": max(metros, size // 100),
                "polls_one": metros,
                "polls_none": 0,
            }
            for name, changed in changes.items():
                poll = partial(cases.poll_cost, folder, size, metros, changed)
                note(name, size, poll, metros=metros)


if __name__ == "__main__":
    sys.exit(main())
