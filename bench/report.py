"""Measurements as a table, as JSON and as a plot."""

import datetime as dt
import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Results = dict[str, Any]

_CHANGES = {
    "polls_all": "every certificate changed",
    "polls_some": "1 % changed",
    "polls_one": "one of each metro changed",
    "polls_none": "none changed",
}


def machine() -> dict[str, str]:
    """What was measured on, and when."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "processor": f"{len(names)} x {names[0] if names else platform.machine()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def table(results: Results) -> str:
    """The results in Markdown."""
    head = ("what", "certificates", "metros", "value", "compared with", "ratio")
    rows = [head, ("---",) * len(head), *_rows(results)]
    return "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def _rows(results: Results) -> Iterable[Sequence[object]]:
    for name, change in _CHANGES.items():
        for case in results.get(name, ()):
            yield (
                f"CPU of a poll, {change}",
                f"{case['certificates']:,}",
                case["metros"],
                f"{case['poll_cpu_seconds'] * 1e3:.1f} ms",
                f"floor {case['floor_cpu_seconds'] * 1e3:.1f} ms",
                f"{case['ratio']:.2f}",
            )
    for case in results.get("scrapes", ()):
        for share in ("p50", "p99"):
            yield (
                f"{share} of 8 scrapes side by side, polls meanwhile",
                f"{case['certificates']:,}",
                1,
                f"{case[f'exporter_{share}_seconds'] * 1e3:.0f} ms",
                f"nginx {case[f'nginx_{share}_seconds'] * 1e3:.0f} ms",
                f"{case[f'{share}_ratio']:.2f}",
            )
    for case in results.get("client_library", ()):
        theirs = f"prometheus_client {case['generate_latest_gzip_seconds'] * 1e3:.0f} ms"
        for name, what in (("render", "first_render"), ("scrape", "scrape")):
            yield (
                what.replace("_", " "),
                f"{case['certificates']:,}",
                1,
                f"{case[f'{what}_seconds'] * 1e3:.1f} ms",
                theirs,
                f"{case[f'{name}_ratio']:.0f} x faster",
            )
    yield from _plain(results)


def _plain(results: Results) -> Iterable[Sequence[object]]:
    units = {"seconds": ("ms", 1e3), "mb": ("MB", 1), "ratio": ("", 1)}
    for name in ("start", "memory", "loop", "ingestion"):
        for case in results.get(name, ()):
            for field, value in case.items():
                if field in ("certificates", "metros"):
                    continue
                unit, factor = units.get(field.rpartition("_")[2], ("", 1))
                shown = f"{value * factor:,.4g} {unit}" if unit else f"{value:,.0f}"
                yield f"{name}: {field}", f"{case['certificates']:,}", 1, shown, "", ""


def write(results: Results, folder: Path) -> None:
    """`performance.json` and, where matplotlib is installed, `performance.png`."""
    text = json.dumps(results, indent=2)
    (folder / "performance.json").write_text(f"{text}\n", encoding="utf-8")
    _plot(results, folder / "performance.png")


def _plot(results: Results, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (cost, memory) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for name, label in _CHANGES.items():
        cases = [c for c in results.get(name, ()) if c["metros"] == 1 and c["certificates"] >= 1000]
        cases.sort(key=lambda c: c["certificates"])
        counts = [c["certificates"] for c in cases]
        each = [c["poll_cpu_seconds"] / c["certificates"] * 1e6 for c in cases]
        cost.plot(counts, each, marker="o", label=label)
        if name == "polls_all":
            floor = [c["floor_cpu_seconds"] / c["certificates"] * 1e6 for c in cases]
            cost.plot(counts, floor, marker="o", linestyle="--", color="grey", label="floor")
            memory.plot(counts, [c["peak_mb"] for c in cases], marker="o")
    cost.set(xscale="log", xlabel="certificates", ylabel="CPU of a poll per certificate (µs)")
    cost.set_ylim(bottom=0)
    cost.legend()
    memory.set(xscale="log", xlabel="certificates", ylabel="peak resident memory (MB)")
    memory.set_ylim(bottom=0)
    for axes in (cost, memory):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
