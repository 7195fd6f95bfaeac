"""What the dashboards show of three exporters that share a metro's certificates."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.world.dashboard_files import load, panel_queries, replaced, variables
from tests.world.tools import need

pytestmark = pytest.mark.e2e

JOB = "ukc-certificate-exporter"
BOARDS = ("ukc-certificates", "ukc-exporter")
QUERIES = {(query.place, query.ref): query for uid in BOARDS for query in panel_queries(uid)}
VALUES = {
    **dict.fromkeys((name for uid in BOARDS for name in variables(load(uid))), ".*"),
    "job": JOB,
}
NOW = 30
"""The minute of the questions; the first shard has two replicas, the second reads no more since
minute 10, the third is as the case says."""


def replica(instance: str, shard: int, *, since: int = NOW, reads: bool = True) -> dict[str, str]:
    """The series of one exporter, which does not answer after the minute `since`."""
    target = f'job="{JOB}", instance="{instance}"'
    own = f'{target}, account="acme", metro="fra0"'
    metro = f'{own}, shard="{shard}"'
    last = {True: f"0+60x{since}", False: f"0+60x10 600x{since - 11}"}[reads]
    series = {
        f"ukc_exporter_shards{{{target}}}": f"3x{since}",
        f'ukc_exporter_shard_info{{{target}, shard="{shard}", total_shards="3"}}': f"1x{since}",
        f"ukc_up{{{metro}}}": f"1x{since}" if reads else f"1x10 0x{since - 11}",
        f"ukc_last_success_timestamp_seconds{{{metro}}}": last,
        f"ukc_certificates_listed{{{metro}}}": f"{40 + shard}x{since}",
        # Totals have no shard.
        f'ukc_certificates{{{own}, state="error", renewal="manual"}}': f"{2 + shard}x{since}",
        f'ukc_certificates{{{own}, state="valid", renewal="manual"}}': f"{30 + shard}x{since}",
        f'ukc_certificates_omitted{{{own}, reason="series"}}': f"{32 + 2 * shard}x{since}",
        f'ukc_certificates_omitted{{{own}, reason="filter"}}': f"7x{since}",
        f'ukc_certificates_skipped{{{metro}, reason="other"}}': f"{shard + 1}x{since}",
        f'ukc_poll_failures_total{{{metro}, reason="timeout"}}': (
            f"0x{since}" if reads else f"0x10 1+1x{since - 11}"
        ),
    }
    gone = "" if since == NOW else " stale"
    return {f"up{{{target}}}": f"1x{since}", **{k: v + gone for k, v in series.items()}}


BOTH = {
    **replica("a:1", 0),
    **replica("a:2", 0),
    **replica("b:1", 1, reads=False),
}
ALL = {**BOTH, **replica("c:1", 2)}
GONE = {
    name: f"{values} stale" if name.startswith("up{") and '"c:1"' in name else values
    for name, values in {**BOTH, **replica("c:1", 2, since=20)}.items()
}
"""The third shard's pod is gone since minute 20, and its target with it."""

ROW = f'job="{JOB}", account="acme", metro="fra0"'


@pytest.mark.parametrize(
    ("series", "place", "ref", "want"),
    [
        pytest.param(ALL, "Metros not read", "A", {"": 1}, id="one shard does not read it"),
        pytest.param(ALL, "Exporters down", "A", {"": 0}, id="all answer"),
        pytest.param(GONE, "Exporters down", "A", {"": 1}, id="a shard without a target"),
        pytest.param(ALL, "Certificates skipped", "A", {"": 6}, id="each skips its own"),
        pytest.param(ALL, "Age of the data", "A", {"": 1200}, id="the oldest shard's"),
        pytest.param(
            ALL,
            "Certificates listed, by metro",
            "A",
            {f"{{{ROW}}}": 82},
            id="a sum of the shards that read it",
        ),
        pytest.param(ALL, "Without series", "A", {"": 102}, id="each hides its own"),
        pytest.param(ALL, "Failed", "A", {"": 9}, id="each has its own that failed"),
        pytest.param(
            ALL, "States by metro", "A", {f"{{{ROW}}}": 93}, id="a sum of what each shows"
        ),
        pytest.param(
            ALL,
            "Metros",
            "A",
            {f'{{{ROW}, shard="{n}"}}': up for n, up in enumerate((1, 0, 1))},
            id="a row for each shard",
        ),
        pytest.param(
            ALL,
            "Metros",
            "D",
            {f'{{{ROW}, shard="{n}"}}': 40 + n for n in range(3)},
            id="each with its own count",
        ),
        pytest.param(
            ALL,
            "Failures by reason",
            "A",
            {'{account="acme", metro="fra0", shard="1", reason="timeout"}': 1},
            id="the shard that fails",
        ),
    ],
)
def test_panel(
    tmp_path: Path, series: dict[str, str], place: str, ref: str, want: dict[str, Any]
) -> None:
    """A shard that fails is seen; what is each shard's own is added up."""
    need("promtool")
    samples = [{"labels": labels or "{}", "value": value} for labels, value in want.items()]
    question = {
        "expr": replaced(QUERIES[place, ref].expr, VALUES),
        "eval_time": f"{NOW}m",
        "exp_samples": samples,
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": v} for name, v in series.items()],
        "promql_expr_test": [question],
    }
    path = tmp_path / "panel.test.yaml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))

    done = subprocess.run(
        ("promtool", "test", "rules", path), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
