"""An exporter's page about simulated certificates, written from the contract of its metrics.

Source: the design, "Metrics": the families that the dashboards read.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from exporter.errors import REASONS as FAILURES
from exporter.simulator import Certificate
from tests.e2e.dashboards import truth

Labels = dict[str, object]

PAIRS: Final = tuple(
    (reason, severity)
    for reason, severities in {
        "expired": ("critical", "warning"),
        "imminent": ("critical",),
        "renewal_overdue": ("warning",),
        "expiring_soon": ("warning",),
        "failed": ("critical", "warning"),
        "never_issued": ("critical", "warning"),
        "validation_retrying": ("warning",),
        "expiry_unknown": ("warning",),
        "not_yet_valid": ("warning",),
        "unused": ("info",),
    }.items()
    for severity in severities
)


def sample(name: str, labels: Labels, value: object) -> str:
    """One sample, without a time."""
    inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value}"


def _facts(one: Certificate, labels: Labels) -> Iterator[str]:
    info = {
        "uuid": one.uuid,
        "subject": one.subject or "",
        "issuer": one.issuer or "",
        "serial_number": one.serial_number or "",
        "wildcard": str(one.wildcard).lower(),
        "renewal": one.renewal,
    }
    yield sample("ukc_certificate_info", labels | info, 1)
    for state in ("pending", "valid", "error"):
        yield sample("ukc_certificate_state", {**labels, "state": state}, int(one.state == state))
    limits = truth.limits(one)
    for name, value in (
        ("not_after_timestamp_seconds", one.not_after),
        ("not_before_timestamp_seconds", one.not_before),
        ("created_timestamp_seconds", one.created_at),
        ("warning_timestamp_seconds", limits and limits.warning),
        ("critical_timestamp_seconds", limits and limits.critical),
        ("validation_attempts", one.attempt or 0),
        ("validation_next_timestamp_seconds", one.next),
        ("service_groups", len(one.service_groups)),
    ):
        if value is not None:
            yield sample(f"ukc_certificate_{name}", labels, value)
    for group in one.service_groups:
        used_by = {"service_group": group.name, "service_group_uuid": group.uuid}
        yield sample("ukc_certificate_service_group_info", labels | used_by, 1)


def certificates(
    every: Sequence[Certificate], shown: Collection[str], metro: Labels, now: float
) -> Iterator[str]:
    """What is said of a metro's certificates; those `shown`, by name, have series of their own."""
    pairs: Counter[tuple[str, str]] = Counter()
    states: Counter[tuple[str, str]] = Counter()
    reasons = truth.reasons(every, now)
    for one in every:
        labels = {**metro, "name": one.name, "common_name": one.common_name}
        found = reasons[one.name]
        pairs.update(found.items())
        states[one.state, one.renewal] += 1
        if one.name in shown:
            yield from _facts(one, labels)
            for reason, severity in found.items():
                why = {"reason": reason, "severity": severity}
                yield sample("ukc_certificate_attention", labels | why, 1)
    for reason, severity in PAIRS:
        why = {"reason": reason, "severity": severity}
        yield sample("ukc_certificates_attention", metro | why, pairs[reason, severity])
    for state in ("pending", "valid", "error"):
        for renewal in ("automatic", "manual", "unknown"):
            labels = {**metro, "state": state, "renewal": renewal}
            yield sample("ukc_certificates", labels, states[state, renewal])
    for reason in ("filter", "series", "max_certificates"):
        hidden = len(every) - len(shown) if reason == "series" else 0
        yield sample("ukc_certificates_omitted", {**metro, "reason": reason}, hidden)


def metro(
    labels: Labels, *, looked_at: float | None, reads: bool, listed: int, skipped: int = 0
) -> Iterator[str]:
    """What is said of a metro's last polls; `looked_at` is the good one, None before the first."""
    for name, value in (
        ("up", int(reads)),
        ("last_success_timestamp_seconds", looked_at or 0),
        ("poll_interval_seconds", 60),
        ("poll_duration_seconds", 0.25),
        ("certificates_listed", listed),
        ("certificates_fetched", listed),
        ("api_clock_skew_seconds", 0),
    ):
        yield sample(f"ukc_{name}", labels, value)
    for reason in FAILURES:
        unread = skipped if reason == "undecodable" else 0
        yield sample("ukc_certificates_skipped", {**labels, "reason": reason}, unread)
    for field in ("not_after", "service_groups"):
        yield sample("ukc_certificates_unread_fields", {**labels, "field": field}, 0)


def polls(labels: Labels, now: float, *, reads: bool) -> Iterator[str]:
    """What is counted of a metro's polls, one a minute since the epoch."""
    count = now // 60
    for reason in FAILURES:
        failed = count if reason == "server_error" and not reads else 0
        yield sample("ukc_poll_failures_total", {**labels, "reason": reason}, failed)
    request = {**labels, "endpoint": "certificates", "code": "200" if reads else "502"}
    yield sample("ukc_api_requests_total", request, count)
    for bound in ("0.5", "+Inf"):
        yield sample("ukc_api_request_duration_seconds_bucket", {**labels, "le": bound}, count)


def exporter(shard: int, shards: int, now: float) -> Iterator[str]:
    """What an exporter says of itself, and Prometheus of its scrape."""
    yield sample("ukc_exporter_build_info", {"version": "0.1.0", "python_version": "3.13"}, 1)
    yield sample("ukc_exporter_shard_info", {"shard": shard, "total_shards": shards}, 1)
    yield sample("ukc_exporter_shards", {}, shards)
    yield sample("ukc_exporter_config_last_reload_successful", {}, 1)
    for name in ("resident_memory_bytes", "open_fds", "max_fds"):
        yield sample(f"process_{name}", {}, 1000)
    yield sample("process_start_time_seconds", {}, now - 3600)
    yield sample("up", {}, 1)
    yield sample("scrape_duration_seconds", {}, 0.01)
    yield sample("scrape_samples_scraped", {}, 1000)


def work(now: float) -> Iterator[str]:
    """What is counted of an exporter's own work."""
    yield sample("ukc_exporter_internal_errors_total", {}, 0)
    yield sample("process_cpu_seconds_total", {}, now // 60)
    yield sample("python_gc_collections_total", {"generation": 0}, now // 60)
