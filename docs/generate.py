"""Writes the pages that derive from the code: `python -m docs.generate`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.api.model import FIELDS
from exporter.errors import REASONS, RateLimited
from exporter.exposition.aggregates import AGGREGATES, BOUNDS
from exporter.exposition.families import FAMILIES, IDENTITY, STATES
from exporter.exposition.selection import REASONS as OMITTED
from exporter.exposition.telemetry import METRO, Telemetry
from exporter.judgement import COLOURS, RENEWALS, Reason, Severity
from exporter.judgement import REASONS as ATTENTION
from exporter.polling.snapshot import Key

FOLDER: Final = Path(__file__).parent

_PAGE: Final = """\
# Metrics

<!-- Written by `make docs` from the code and docs/generate.py; changes here are lost. -->

A value that is not known has no series: a certificate that was never issued has no `not_after` and no days to expiry.

- [Per certificate](#per-certificate)
- [What needs attention](#what-needs-attention): every reason, its severity and its alert
- [Per metro: its certificates together](#per-metro-its-certificates-together)
- [Per metro: its polls](#per-metro-its-polls)
- [Of the exporter itself](#of-the-exporter-itself)
- [Values of the labels](#values-of-the-labels)
- [Queries to copy](#queries-to-copy)

## Per certificate

Labels of each: {identity}.
They stay the same over a renewal and a re-upload, so the series continues.
`common_name` is lower case, in A-labels (`xn--…`), without a trailing dot.

{table_head}
{certificate_families}

## What needs attention

`ukc_certificate_attention` has one series, with the value 1, for each reason that applies to a certificate now.
A certificate has at most one reason of each ladder: the first one of the table that applies.
*In use* means attached to a service group, or not known to be unattached.
A certificate that is attached to nothing has no reasons at all while another one of its common name and metro lasts longer, or as long and is in use: it is superseded.

| ladder | reason | when | severity in use | unused | alert and runbook |
|---|---|---|---|---|---|
{reasons}

Where a severity reads “warning, then critical”, it rises with time.
The colours of the dashboards: {colours}; green is nothing to do.
The limits (warning and critical limit, patience, attempts) are [configuration](configuration.md#thresholds).
[0206](decisions/0206-judge-once-in-the-exporter.md) says why it is decided like this.

## Per metro: its certificates together

Labels of each: {metro}.
They are exported regardless of `series` and count the certificates without series of their own too.
They are dropped with the metro's certificates after `stale_after`.

{table_head}
{aggregates}

`ukc_certificates_expiry_days` is cumulative over its buckets, not over time: use it without `rate`.
Text format 0.0.4 calls it a histogram, OpenMetrics a gauge histogram; its samples are `ukc_certificates_expiry_days_bucket` and `ukc_certificates_expiry_days_count` in both.
With `convert_classic_histograms_to_nhcb`, Prometheus 3 makes native histograms of `histogram` alone: this one is converted with `scrape_protocols: [PrometheusText0.0.4]`, and stays as it is otherwise.

## Per metro: its polls

Labels of each: {metro}; with [shards](scaling.md#several-exporters), `shard` as well.
Those that alerts depend on exist with a zero from the start.

{table_head}
{polls}

`ukc_certificates_listed`, `ukc_certificates_fetched`, `ukc_certificates_skipped` and `ukc_certificates_unread_fields` describe the last successful poll.

## Of the exporter itself

| family | type | labels | meaning |
|---|---|---|---|
{own}

## Values of the labels

| label | of | values |
|---|---|---|
{labels}

- A state that the API invents later appears under its own name, as a further series of the certificate with the value 1, while the three known ones are 0. A certificate without a state has no `ukc_certificate_state` and is counted as `unknown` in `ukc_certificates`.
- `renewal` is `automatic` where the evidence says that the platform issued the certificate and renews it: a plain domain, Let's Encrypt as issuer, a name of the platform's form (`<common_name>-XXXXX`), and a creation before the issuance or a validation that was seen. Anything else that was issued is `manual`: its owner renews it. `unknown` is a certificate that was never issued. [`renewal` in the configuration](configuration.md#renewal) overrides it.
- The reasons of failed polls are explained in [troubleshooting](troubleshooting.md#a-metro-cannot-be-read).

## Queries to copy

Each block is one query.
With several replicas of the exporter, put `max without (instance, pod) (…)` around each metric, or select one `instance`.

{queries}
"""

_TABLE_HEAD: Final = "| family | type | further labels | meaning |\n|---|---|---|---|"

_STATES: Final = {
    "pending": "requested or being renewed: validation runs",
    "valid": "issued",
    "error": "the platform gave up and makes no further attempt",
}

_SEVERITIES: Final = {"critical": "act now", "warning": "act soon", "info": "worth knowing"}

_QUERIES: Final = (
    (
        "What needs attention, most severe first",
        'sort_desc(ukc_certificate_attention{severity="critical"} * 2 or ukc_certificate_attention{severity="warning"} or ukc_certificate_attention * 0)',
    ),
    (
        "How many certificates need attention, by reason and severity, whatever `series` says",
        "sum by (reason, severity) (ukc_certificates_attention) > 0",
    ),
    (
        "Days to expiry of each certificate, soonest first",
        "sort(ukc_certificate_expiry_days)",
    ),
    (
        "The same from the timestamp, to the second of the query rather than of the last poll",
        "sort((ukc_certificate_not_after_timestamp_seconds - time()) / 86400)",
    ),
    (
        "Certificates in use that expire within 14 days",
        "ukc_certificate_expiry_days < 14 and ukc_certificate_service_groups > 0",
    ),
    (
        "Certificates that somebody has to renew by hand, with their days",
        'ukc_certificate_expiry_days * on (account, metro, name, common_name) group_left (renewal, issuer) ukc_certificate_info{renewal="manual"}',
    ),
    (
        "Share of the lifetime that is left",
        "(ukc_certificate_not_after_timestamp_seconds - time()) / (ukc_certificate_not_after_timestamp_seconds - ukc_certificate_not_before_timestamp_seconds)",
    ),
    (
        "Which services use a certificate",
        'ukc_certificate_service_group_info{common_name="*.example.com"}',
    ),
    (
        "Certificates by state",
        "sum by (state) (ukc_certificates)",
    ),
    (
        "Age of the data of each metro, in seconds; a metro that was never read has none",
        "time() - (ukc_last_success_timestamp_seconds > 0)",
    ),
    (
        "Why polls fail",
        "sum by (account, metro, reason) (increase(ukc_poll_failures_total[1h])) > 0",
    ),
    (
        "Requests to the API in a day",
        "sum by (account, metro) (increase(ukc_api_requests_total[1d]))",
    ),
)
"""What people ask, and the PromQL that answers it."""


def metrics() -> str:
    """The text of `metrics.md`."""
    own = list(_own())
    return _PAGE.format(
        identity=_code(IDENTITY),
        metro=_code(METRO),
        table_head=_TABLE_HEAD,
        certificate_families=_rows((f.name, f.kind, f.labels, f.help) for f in FAMILIES),
        reasons="\n".join(map(_reason, ATTENTION)),
        colours=", ".join(f"{severity} {colour}" for severity, colour in COLOURS.items()),
        aggregates=_rows((a.name, a.kind, a.labels, a.help) for a in AGGREGATES),
        polls=_rows((n, k, labels[2:], h) for n, k, labels, h in own if labels[:2] == METRO),
        own=_rows(row for row in own if row[2][:2] != METRO),
        labels="\n".join(f"| `{name}` | {of} | {values} |" for name, of, values in _labels()),
        queries="\n\n".join(f"{text}:\n\n```promql\n{query}\n```" for text, query in _QUERIES),
    )


_Row = tuple[str, str, tuple[str, ...], str]
"""Name, type, labels and help of a family."""


def _own() -> Iterator[_Row]:
    """The families about polls and the exporter itself, read off its own exposition."""
    telemetry, key = Telemetry(), Key("default", "fra")
    telemetry.track(key, interval=60)
    telemetry.on_request(key)("/v1/certificates", "429", 0.1)
    telemetry.on_clock_skew(key)(0.0)
    telemetry.failed(key, RateLimited("slower"), seconds=0.1)
    exposition = telemetry.exposition(openmetrics=True).decode()
    for family in text_string_to_metric_families(exposition):  # type: ignore[no-untyped-call]
        labels = (label for label in family.samples[0].labels if label != "le")
        order = sorted(labels, key=lambda label: (label not in METRO, label == "code", label))
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        text = family.documentation
        yield name, family.type, tuple(order), text if text.endswith(".") else f"{text}."


def _reason(reason: Reason) -> str:
    alert = f"[{reason.alert}](runbook.md#{reason.section})"
    in_use, unused = _severities(reason.in_use), _severities(reason.unused)
    return f"| {reason.ladder} | `{reason.name}` | {reason.when} | {in_use} | {unused} | {alert} |"


def _severities(severities: tuple[Severity, ...]) -> str:
    return ", then ".join(severities) or "none"


def _labels() -> Iterator[tuple[str, str, str]]:
    """Each label with a closed or known set of values: where it is, and what it can be."""
    yield "state", "`ukc_certificate_state`, `ukc_certificates`", _meant(STATES, _STATES)
    yield "renewal", "`ukc_certificate_info`, `ukc_certificates`", _code(RENEWALS)
    yield "wildcard", "`ukc_certificate_info`", _code(("true", "false"))
    attention = "`ukc_certificate_attention`, `ukc_certificates_attention`"
    yield "reason", attention, _code(reason.name for reason in ATTENTION)
    yield "severity", f"{attention}, every alert", _meant(COLOURS, _SEVERITIES)
    yield "reason", "`ukc_poll_failures_total`, `ukc_certificates_skipped`", _code(REASONS)
    yield "reason", "`ukc_certificates_omitted`", _code(OMITTED)
    yield "field", "`ukc_certificates_unread_fields`", _code(FIELDS)
    yield (
        "code",
        "`ukc_api_requests_total`",
        "the HTTP status, or the reason of the failure where no complete answer came",
    )
    yield (
        "endpoint",
        "`ukc_api_requests_total`",
        _code(("/v1/certificates", "/v1/certificates/list")),
    )
    yield (
        "le",
        "`ukc_certificates_expiry_days_bucket`",
        _code((*(f"{bound:.1f}" for bound in BOUNDS), "+Inf")),
    )


def _meant(values: Iterable[str], meanings: dict[str, str]) -> str:
    return ", ".join(f"`{value}` ({meanings[value]})" for value in values)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rows(rows: Iterable[_Row]) -> str:
    return "\n".join(
        f"| `{name}` | {kind} | {_code(labels)} | {text} |" for name, kind, labels, text in rows
    )


if __name__ == "__main__":
    (FOLDER / "metrics.md").write_text(metrics(), encoding="utf-8")
