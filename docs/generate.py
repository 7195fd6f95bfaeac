"""Writes the pages that derive from the code: `python -m docs.generate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from exporter.errors import REASONS, RateLimited
from exporter.exposition.aggregates import AGGREGATES, BOUNDS
from exporter.exposition.families import FAMILIES, IDENTITY
from exporter.exposition.selection import REASONS as OMITTED
from exporter.exposition.telemetry import METRO, Telemetry
from exporter.polling.snapshot import Key

FOLDER: Final = Path(__file__).parent

_HEAD: Final = """\
# Metrics

<!-- Written by `make docs` from the code; changes here are lost. -->

Unknown is absent: a certificate that was never issued has no `not_after` and no days to expiry.

## Per certificate

Labels of each: {identity}.
They stay the same over a renewal and a re-upload, so that a series goes on.

| family | type | further labels | meaning |
|---|---|---|---|
"""
_METRO: Final = """
`renewal` is `automatic` (a Let's Encrypt issuer, not a wildcard), `manual`, or `unknown` before issuance.

## Per metro: its certificates together

Labels of each: {metro}.
They are there whatever `series` says, and withdrawn with the certificates of a metro that is stale.

| family | type | further labels | meaning |
|---|---|---|---|
"""
_POLLS: Final = """
`ukc_certificates_expiry_days` is cumulative over its buckets but not over time; `le` is one of: {bounds}, `+Inf`.
Text format 0.0.4 calls it a histogram, OpenMetrics a gauge histogram; its samples are `ukc_certificates_expiry_days_bucket` and `ukc_certificates_expiry_days_count` in both.
`reason` of `ukc_certificates_omitted` is one of: {omitted}.

## Per metro: its polls

Labels of each: {metro}; where [several exporters](scaling.md#several-exporters) share the certificates, `shard` as well.
Those that alerts depend on exist with a zero from the start.

| family | type | further labels | meaning |
|---|---|---|---|
"""
_OWN: Final = """
`reason` is one of: {reasons}.
`code` is the HTTP status, or the reason where no whole answer came.
`ukc_certificates_listed`, `ukc_certificates_fetched` and `ukc_certificates_skipped` tell of the last good poll.

## Of the exporter itself

| family | type | labels | meaning |
|---|---|---|---|
"""


def metrics() -> str:
    """The text of `metrics.md`."""
    own = list(_own())
    parts = [
        _HEAD.format(identity=_code(IDENTITY)),
        *(_row(f.name, f.kind, f.labels, f.help) for f in FAMILIES),
        _METRO.format(metro=_code(METRO)),
        *(_row(a.name, a.kind, a.labels, a.help) for a in AGGREGATES),
        _POLLS.format(
            metro=_code(METRO),
            bounds=_code(tuple(f"{bound:.1f}" for bound in BOUNDS)),
            omitted=_code(OMITTED),
        ),
        *(_row(n, k, labels[2:], h) for n, k, labels, h in own if labels[:2] == METRO),
        _OWN.format(reasons=_code(REASONS)),
        *(_row(n, k, labels, h) for n, k, labels, h in own if labels[:2] != METRO),
    ]
    return "".join(parts)


def _own() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, type, labels and help of what the exporter says of itself, read off its own page."""
    telemetry, key = Telemetry(), Key("default", "fra0")
    telemetry.track(key, interval=60)
    telemetry.on_request(key)("/v1/certificates", "429", 0.1)
    telemetry.on_clock_skew(key)(0.0)
    telemetry.failed(key, RateLimited("slower"), seconds=0.1)
    page = telemetry.exposition(openmetrics=False).decode()
    for family in text_string_to_metric_families(page):  # type: ignore[no-untyped-call]
        labels = (label for label in family.samples[0].labels if label != "le")
        order = sorted(labels, key=lambda label: (label not in METRO, label == "code", label))
        name = f"{family.name}_total" if family.type == "counter" else family.name
        text = family.documentation
        yield name, family.type, tuple(order), text if text.endswith(".") else f"{text}."


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(name: str, kind: str, labels: tuple[str, ...], text: str) -> str:
    return f"| `{name}` | {kind} | {_code(labels)} | {text} |\n"


if __name__ == "__main__":
    (FOLDER / "metrics.md").write_text(metrics(), encoding="utf-8")
