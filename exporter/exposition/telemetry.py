"""What the exporter says of itself and of each metro's API, with prometheus_client."""

import platform
from collections import Counter as Tally
from collections.abc import Callable
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.process_collector import ProcessCollector

from exporter import __version__
from exporter.config import Shard
from exporter.errors import REASONS, PollError
from exporter.polling.snapshot import Key, MetroSnapshot

# Ages of counters are noise here, and the text format would show each as a gauge of its own.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

METRO: Final = ("account", "metro")
_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Telemetry:
    """The exporter's own metrics, in a registry of their own.

    What alerts depend on exists with a zero from the moment a metro is tracked (Prometheus,
    "Instrumentation", "Avoid missing metrics").
    What is said of a metro carries the label `shard` where there are several: a shard that cannot
    read it must not pass for a replica of one that can.
    """

    def __init__(self, shard: Shard = Shard()) -> None:
        self._registry = registry = CollectorRegistry()

        self._metros: list[MetricWrapperBase] = []
        self._shard = (str(shard.ordinal),) if shard.total > 1 else ()
        metro = (*METRO, "shard") if shard.total > 1 else METRO

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            metric = Gauge(name, text, (*metro, *labels), registry=registry)
            self._metros.append(metric)
            return metric

        def counter(name: str, text: str, *labels: str) -> Counter:
            metric = Counter(name, text, (*metro, *labels), registry=registry)
            self._metros.append(metric)
            return metric

        self._up = gauge("ukc_up", "1 if the metro's last poll succeeded, 0 if not.")
        self._last_success = gauge(
            "ukc_last_success_timestamp_seconds",
            "Start of the last successful poll, as Unix time; 0 before the first.",
        )
        self._interval = gauge("ukc_poll_interval_seconds", "Configured time between polls.")
        self._poll_duration = gauge("ukc_poll_duration_seconds", "Duration of the last poll.")
        self._polls = counter("ukc_polls_total", "Polls that ended, failed ones too.")
        self._failures = counter("ukc_poll_failures_total", "Polls that failed.", "reason")
        self._listed = gauge(
            "ukc_certificates_listed", "Certificates that the metro listed in the last good poll."
        )
        self._fetched = gauge(
            "ukc_certificates_fetched", "Certificates that were read in the last good poll."
        )
        self._skipped = gauge(
            "ukc_certificates_skipped",
            "Listed certificates that could not be read in the last good poll.",
            "reason",
        )
        self._requests = counter(
            "ukc_api_requests_total",
            "Requests to the API, by HTTP status, or by failure reason where none came.",
            "endpoint",
            "code",
        )
        self._request_duration = Histogram(
            "ukc_api_request_duration_seconds",
            "Duration of requests to the API, their bodies included.",
            metro,
            registry=registry,
            buckets=_BUCKETS,
        )
        self._metros.append(self._request_duration)
        Gauge(
            "ukc_exporter_build_info",
            "The versions of the exporter and of Python: 1.",
            ("version", "python_version"),
            registry=registry,
        ).labels(__version__, platform.python_version()).set(1)
        self._reload_successful = Gauge(
            "ukc_exporter_config_last_reload_successful",
            "1 if the last attempt to load the configuration succeeded, 0 if not.",
            registry=registry,
        )
        self._reload_success = Gauge(
            "ukc_exporter_config_last_reload_success_timestamp_seconds",
            "Last successful load of the configuration, as Unix time.",
            registry=registry,
        )
        Gauge(
            "ukc_exporter_shard_info",
            "Which of how many exporters this is, each with its share of the certificates: 1.",
            ("shard", "total_shards"),
            registry=registry,
        ).labels(str(shard.ordinal), str(shard.total)).set(1)
        Gauge(
            "ukc_exporter_shards",
            "How many exporters share the certificates; 1 where this one has them all.",
            registry=registry,
        ).set(shard.total)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

    def exposition(self, *, openmetrics: bool) -> bytes:
        """The metrics now; in OpenMetrics with the mark that ends a page."""
        return (generate_openmetrics if openmetrics else generate_latest)(self._registry)

    def configuration_loaded(self, now: float) -> None:
        """The configuration in force was loaded at this Unix time."""
        self._reload_successful.set(1)
        self._reload_success.set(now)

    def configuration_refused(self) -> None:
        """An attempt to load another configuration failed; the one in force stays."""
        self._reload_successful.set(0)

    def track(self, key: Key, *, interval: float) -> None:
        """Begin a metro, with a zero for everything that may happen; `interval` in seconds."""
        metro = self._labels(key)
        self._interval.labels(*metro).set(interval)
        for metric in (self._up, self._last_success, self._poll_duration, self._listed):
            metric.labels(*metro)
        self._fetched.labels(*metro)
        self._polls.labels(*metro)
        self._request_duration.labels(*metro)
        for reason in REASONS:
            self._failures.labels(*metro, reason)
            self._skipped.labels(*metro, reason)

    def forget(self, key: Key) -> None:
        """End a metro: what was said of it is no longer said."""
        for metric in self._metros:
            for labels in _children(metric):
                if labels[: len(METRO)] == key:
                    metric.remove(*labels)

    def on_request(self, key: Key) -> Callable[[str, str, float], None]:
        """What counts the metro's requests: takes endpoint, code and seconds."""
        metro = self._labels(key)

        def count(endpoint: str, code: str, seconds: float) -> None:
            self._requests.labels(*metro, endpoint, code).inc()
            self._request_duration.labels(*metro).observe(seconds)

        return count

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None:
        """A poll gave this look after so many seconds."""
        metro = self._labels(snapshot.key)
        self._polled(metro, seconds)
        self._up.labels(*metro).set(1)
        self._last_success.labels(*metro).set(snapshot.taken_at)
        self._listed.labels(*metro).set(snapshot.listed)
        self._fetched.labels(*metro).set(snapshot.fetched)
        unread = Tally(item.reason for item in snapshot.unread)
        for reason in REASONS:
            self._skipped.labels(*metro, reason).set(unread[reason])

    def failed(self, key: Key, error: PollError, *, seconds: float) -> None:
        """A poll ended in this error after so many seconds."""
        metro = self._labels(key)
        self._polled(metro, seconds)
        self._up.labels(*metro).set(0)
        self._failures.labels(*metro, error.reason).inc()

    def _polled(self, metro: tuple[str, ...], seconds: float) -> None:
        self._polls.labels(*metro).inc()
        self._poll_duration.labels(*metro).set(seconds)

    def _labels(self, key: Key) -> tuple[str, ...]:
        return (*key, *self._shard)


def _children(metric: MetricWrapperBase) -> set[tuple[str, ...]]:
    """The label values that a metric has samples for, in the order of its labels."""
    names = metric._labelnames  # noqa: SLF001 - the library has no public name for it
    samples = (s for family in metric.collect() for s in family.samples)
    return {tuple(s.labels[name] for name in names) for s in samples}
