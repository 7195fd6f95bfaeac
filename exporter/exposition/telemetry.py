"""What the exporter says of itself and of each metro's API, with prometheus_client."""

import platform
from collections import Counter as Tally
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

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

M = TypeVar("M", bound=MetricWrapperBase)


class Family(NamedTuple, Generic[M]):
    """One of the exporter's own metrics.

    `labels` come after those that the metrics of its table share. `preset` are label values whose
    samples exist from the start, with a zero (Prometheus, "Instrumentation", "Avoid missing
    metrics").
    """

    type: Callable[..., M]
    name: str
    help: str
    labels: tuple[str, ...] = ()
    preset: tuple[tuple[str, ...], ...] = ((),)


_EACH_REASON: Final = tuple((reason,) for reason in REASONS)

_UP: Final = Family(Gauge, "ukc_up", "1 if the metro's last poll succeeded, 0 if not.")
_LAST_SUCCESS: Final = Family(
    Gauge,
    "ukc_last_success_timestamp_seconds",
    "Start of the last successful poll, as Unix time; 0 before the first.",
)
_INTERVAL: Final = Family(Gauge, "ukc_poll_interval_seconds", "Configured time between polls.")
_DURATION: Final = Family(Gauge, "ukc_poll_duration_seconds", "Duration of the last poll.")
_POLLS: Final = Family(Counter, "ukc_polls_total", "Polls that ended, failed ones too.")
_FAILURES: Final = Family(
    Counter, "ukc_poll_failures_total", "Polls that failed.", ("reason",), _EACH_REASON
)
_LISTED: Final = Family(
    Gauge,
    "ukc_certificates_listed",
    "Certificates that the metro listed in the last good poll.",
)
_FETCHED: Final = Family(
    Gauge, "ukc_certificates_fetched", "Certificates that were read in the last good poll."
)
_SKIPPED: Final = Family(
    Gauge,
    "ukc_certificates_skipped",
    "Listed certificates that could not be read in the last good poll.",
    ("reason",),
    _EACH_REASON,
)
_REQUESTS: Final = Family(
    Counter,
    "ukc_api_requests_total",
    "Requests to the API, by HTTP status, or by failure reason where none came.",
    ("endpoint", "code"),
    preset=(),
)
_REQUEST_DURATION: Final = Family(
    partial(Histogram, buckets=_BUCKETS),
    "ukc_api_request_duration_seconds",
    "Duration of requests to the API, their bodies included.",
)

METRO_FAMILIES: Final[tuple[Family[Any], ...]] = (
    _UP,
    _LAST_SUCCESS,
    _INTERVAL,
    _DURATION,
    _POLLS,
    _FAILURES,
    _LISTED,
    _FETCHED,
    _SKIPPED,
    _REQUESTS,
    _REQUEST_DURATION,
)
"""The metrics of each metro."""

_BUILD: Final = Family(
    Gauge,
    "ukc_exporter_build_info",
    "The versions of the exporter and of Python: 1.",
    ("version", "python_version"),
    preset=(),
)
_RELOAD_SUCCESSFUL: Final = Family(
    Gauge,
    "ukc_exporter_config_last_reload_successful",
    "1 if the last attempt to load the configuration succeeded, 0 if not.",
)
_RELOAD_SUCCESS: Final = Family(
    Gauge,
    "ukc_exporter_config_last_reload_success_timestamp_seconds",
    "Last successful load of the configuration, as Unix time.",
)
_SHARD: Final = Family(
    Gauge,
    "ukc_exporter_shard_info",
    "Which of how many exporters this is, each with its share of the certificates: 1.",
    ("shard", "total_shards"),
    preset=(),
)
_SHARDS: Final = Family(
    Gauge,
    "ukc_exporter_shards",
    "How many exporters share the certificates; 1 where this one has them all.",
)

EXPORTER_FAMILIES: Final[tuple[Family[Any], ...]] = (
    _BUILD,
    _RELOAD_SUCCESSFUL,
    _RELOAD_SUCCESS,
    _SHARD,
    _SHARDS,
)
"""The metrics of the exporter itself."""


class Telemetry:
    """The exporter's own metrics, in a registry of their own.

    Those of a metro carry the label `shard` where there are several shards: one that cannot read
    the metro must not pass for a replica of one that can (decisions/0204).
    """

    def __init__(self, shard: Shard = Shard()) -> None:  # noqa: B008 - immutable
        self._registry = CollectorRegistry()
        self._shard = {"shard": str(shard.ordinal)} if shard.total > 1 else {}
        self._metrics = {
            **self._registered(METRO_FAMILIES, (*METRO, *self._shard)),
            **self._registered(EXPORTER_FAMILIES, ()),
        }
        self._of(_BUILD, __version__, platform.python_version()).set(1)
        self._of(_SHARD, str(shard.ordinal), str(shard.total)).set(1)
        self._of(_SHARDS).set(shard.total)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def exposition(self, *, openmetrics: bool) -> bytes:
        """The metrics now; in OpenMetrics with the mark that ends a page."""
        return (generate_openmetrics if openmetrics else generate_latest)(self._registry)

    def configuration_loaded(self, now: float) -> None:
        """The configuration in force was loaded at this Unix time."""
        self._of(_RELOAD_SUCCESSFUL).set(1)
        self._of(_RELOAD_SUCCESS).set(now)

    def configuration_refused(self) -> None:
        """An attempt to load another configuration failed; the one in force stays."""
        self._of(_RELOAD_SUCCESSFUL).set(0)

    def track(self, key: Key, *, interval: float) -> None:
        """Begin a metro, with a zero for everything that may happen; `interval` in seconds."""
        for family in METRO_FAMILIES:
            for values in family.preset:
                self._of_metro(family, key, *values)
        self._of_metro(_INTERVAL, key).set(interval)

    def forget(self, key: Key) -> None:
        """End a metro: no series of it is left."""
        for family in METRO_FAMILIES:
            self._metrics[family.name].remove_by_labels(key._asdict())

    def on_request(self, key: Key) -> Callable[[str, str, float], None]:
        """What counts the metro's requests: takes endpoint, code and seconds."""

        def count(endpoint: str, code: str, seconds: float) -> None:
            self._of_metro(_REQUESTS, key, endpoint, code).inc()
            self._of_metro(_REQUEST_DURATION, key).observe(seconds)

        return count

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None:
        """A poll gave this snapshot after so many seconds."""
        key = snapshot.key
        self._polled(key, seconds)
        self._of_metro(_UP, key).set(1)
        self._of_metro(_LAST_SUCCESS, key).set(snapshot.taken_at)
        self._of_metro(_LISTED, key).set(snapshot.listed)
        self._of_metro(_FETCHED, key).set(snapshot.fetched)
        skipped = Tally(item.reason for item in snapshot.unread)
        for reason in REASONS:
            self._of_metro(_SKIPPED, key, reason).set(skipped[reason])

    def failed(self, key: Key, error: PollError, *, seconds: float) -> None:
        """A poll ended in this error after so many seconds."""
        self._polled(key, seconds)
        self._of_metro(_UP, key).set(0)
        self._of_metro(_FAILURES, key, error.reason).inc()

    def _polled(self, key: Key, seconds: float) -> None:
        self._of_metro(_POLLS, key).inc()
        self._of_metro(_DURATION, key).set(seconds)

    def _registered(
        self, families: tuple[Family[Any], ...], shared: tuple[str, ...]
    ) -> dict[str, MetricWrapperBase]:
        return {
            family.name: family.type(
                family.name, family.help, (*shared, *family.labels), registry=self._registry
            )
            for family in families
        }

    def _of(self, family: Family[M], *values: str) -> M:
        metric = cast("M", self._metrics[family.name])
        return metric.labels(*values) if values else metric

    def _of_metro(self, family: Family[M], key: Key, *values: str) -> M:
        return self._of(family, *key, *self._shard.values(), *values)
