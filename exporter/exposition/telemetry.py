"""What the exporter says of itself and of each metro's API, with prometheus_client."""

import platform
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.api.model import FIELDS
from exporter.config import Shard
from exporter.errors import REASONS, PollError
from exporter.exposition.units import with_units
from exporter.polling.snapshot import Key, MetroSnapshot

# Ages of counters are noise here, and the text format would show each as a gauge of its own.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

METRO: Final = ("account", "metro")
_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

_EOF: Final = b"# EOF\n"


def _openmetrics(collector: Collector) -> bytes:
    page: bytes = generate_openmetrics(collector)  # type: ignore[no-untyped-call]
    return with_units(page.decode()).encode()


_GENERATE: Final[Mapping[bool, Callable[[Collector], bytes]]] = {
    False: generate_latest,
    True: _openmetrics,
}

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


def _info(name: str, text: str, labels: tuple[str, ...], *, registry: Any) -> Info:
    """The one type whose family is named without the suffix of its samples."""
    return Info(name.removesuffix("_info"), text, labels, registry=registry)


_EACH_REASON: Final = tuple((reason,) for reason in REASONS)

_UP: Final = Family(Gauge, "ukc_up", "1 if the metro's last poll succeeded, 0 if not.")
_LAST_SUCCESS: Final = Family(
    Gauge,
    "ukc_last_success_timestamp_seconds",
    "Start of the last successful poll, as Unix time; 0 before the first.",
)
_INTERVAL: Final = Family(Gauge, "ukc_poll_interval_seconds", "Configured time between polls.")
_DURATION: Final = Family(Gauge, "ukc_poll_duration_seconds", "Duration of the last poll.")
_POLLS: Final = Family(Counter, "ukc_polls_total", "Total number of polls, including failed ones.")
_FAILURES: Final = Family(
    Counter,
    "ukc_poll_failures_total",
    "Total number of failed polls, by reason.",
    ("reason",),
    _EACH_REASON,
)
_LISTED: Final = Family(
    Gauge,
    "ukc_certificates_listed",
    "Number of certificates that the metro listed in the last successful poll.",
)
_FETCHED: Final = Family(
    Gauge,
    "ukc_certificates_fetched",
    "Number of certificates that were read in the last successful poll.",
)
_SKIPPED: Final = Family(
    Gauge,
    "ukc_certificates_skipped",
    "Number of listed certificates that could not be read in the last successful poll.",
    ("reason",),
    _EACH_REASON,
)
_UNREAD_FIELDS: Final = Family(
    Gauge,
    "ukc_certificates_unread_fields",
    "Number of certificates with a field that could not be read, or is no longer sent, in the "
    "last successful poll.",
    ("field",),
    tuple((field,) for field in FIELDS),
)
_REQUESTS: Final = Family(
    Counter,
    "ukc_api_requests_total",
    "Total number of requests to the API, by HTTP status, or by failure reason without one.",
    ("endpoint", "code"),
    preset=(),
)
_REQUEST_DURATION: Final = Family(
    partial(Histogram, buckets=_BUCKETS),
    "ukc_api_request_duration_seconds",
    "Duration of requests to the API, including their bodies.",
)

_CLOCK_SKEW: Final = Family(
    Gauge,
    "ukc_api_clock_skew_seconds",
    "Seconds by which the API's clock is ahead of the exporter's, from the Date header of the "
    "last response; absent before the first.",
    preset=(),
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
    _UNREAD_FIELDS,
    _REQUESTS,
    _REQUEST_DURATION,
    _CLOCK_SKEW,
)
"""The metrics of each metro."""

_BUILD: Final = Family(
    _info,
    "ukc_exporter_build_info",
    "Build information; always 1.",
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
    _info,
    "ukc_exporter_shard_info",
    "Shard index and number of shards of this exporter; always 1.",
    ("shard", "total_shards"),
    preset=(),
)
_SHARDS: Final = Family(
    Gauge,
    "ukc_exporter_shards",
    "Total number of shards; 1 without sharding.",
)
_INTERNAL_ERRORS: Final = Family(
    Counter,
    "ukc_exporter_internal_errors_total",
    "Total number of unexpected exceptions, each of which failed one poll or reload.",
)

EXPORTER_FAMILIES: Final[tuple[Family[Any], ...]] = (
    _BUILD,
    _RELOAD_SUCCESSFUL,
    _RELOAD_SUCCESS,
    _SHARD,
    _SHARDS,
    _INTERNAL_ERRORS,
)
"""The metrics of the exporter itself."""


class _MetroMetrics:
    """The metrics of one metro; `samples` are its lines for each of `METRO_FAMILIES`, as rendered.

    Both formats write these lines alike: they differ in what describes a family.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._values = tuple(labels.values())
        self._metrics = {
            family.name: family.type(
                family.name, family.help, (*labels, *family.labels), registry=None
            )
            for family in METRO_FAMILIES
        }
        for family in METRO_FAMILIES:
            for values in family.preset:
                self.of(family, *values)
        self.samples: list[bytes] = []
        self.render()

    def of(self, family: Family[M], *values: str) -> M:
        """The metric of a family with these values of its own labels."""
        return cast("M", self._metrics[family.name]).labels(*self._values, *values)

    def render(self) -> None:
        """Write the samples as they are now."""
        metrics = self._metrics.values()
        self.samples = [_lines(generate_latest(m), described=False) for m in metrics]


class Telemetry:
    """The exporter's own metrics.

    Those of a metro are rendered when its poll ends, so that a scrape of many metros costs little
    (decisions/0506); the others are few, and rendered when a scrape comes.
    Those of a metro carry the label `shard` where there are several shards: one that cannot read
    the metro must not pass for a replica of one that can (decisions/0204).

    `loaded_at` is the Unix time of the last successful load of the configuration; `refusal` says
    why the attempt after it failed, and is empty where there was none.
    """

    def __init__(self, shard: Shard = Shard()) -> None:
        self._shard = {"shard": str(shard.ordinal)} if shard.total > 1 else {}
        self._headers = _headers((*METRO, *self._shard))
        self._metros: dict[Key, _MetroMetrics] = {}
        self.loaded_at = 0.0
        self.refusal = ""
        self._exporter, self._process = CollectorRegistry(), CollectorRegistry()
        self._metrics = {
            family.name: family.type(
                family.name, family.help, family.labels, registry=self._exporter
            )
            for family in EXPORTER_FAMILIES
        }
        self._of(_BUILD, __version__, platform.python_version()).info({})
        self._of(_SHARD, str(shard.ordinal), str(shard.total)).info({})
        self._of(_SHARDS).set(shard.total)
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)

    def exposition(self, *, openmetrics: bool, process: bool = True) -> bytes:
        """The metrics now; in OpenMetrics with the mark that ends a page.

        Without `process`, those of the process and its garbage collector are left out.
        """
        registries = (self._exporter, self._process) if process else (self._exporter,)
        generate = _GENERATE[openmetrics]
        pages = [generate(registry).removesuffix(_EOF) for registry in registries]
        end = _EOF if openmetrics else b""
        return b"".join((*self._of_metros(openmetrics=openmetrics), *pages, end))

    def configuration_loaded(self, now: float) -> None:
        """The configuration in force was loaded at this Unix time."""
        self.loaded_at, self.refusal = now, ""
        self._of(_RELOAD_SUCCESSFUL).set(1)
        self._of(_RELOAD_SUCCESS).set(now)

    def configuration_refused(self, refusal: str) -> None:
        """An attempt to load another configuration failed, and why; the one in force stays."""
        self.refusal = refusal
        self._of(_RELOAD_SUCCESSFUL).set(0)

    def internal_error(self) -> None:
        """An exception that nobody foresaw was caught."""
        self._of(_INTERNAL_ERRORS).inc()

    def track(self, key: Key, *, interval: float) -> None:
        """Begin a metro, with a zero for everything that may happen; `interval` in seconds.

        One that is there already goes on counting.
        """
        if key not in self._metros:
            self._metros[key] = _MetroMetrics({**key._asdict(), **self._shard})
        metro = self._metros[key]
        metro.of(_INTERVAL).set(interval)
        metro.render()

    def forget(self, key: Key) -> None:
        """End a metro: no series of it is left."""
        self._metros.pop(key, None)

    def on_request(self, key: Key) -> Callable[[str, str, float], None]:
        """What counts the metro's requests, once it is tracked: takes endpoint, code, seconds."""

        def count(endpoint: str, code: str, seconds: float) -> None:
            metro = self._metros[key]
            metro.of(_REQUESTS, endpoint, code).inc()
            metro.of(_REQUEST_DURATION).observe(seconds)

        return count

    def on_clock_skew(self, key: Key) -> Callable[[float], None]:
        """What shows the skew of the metro's clock, once it is tracked: takes seconds."""
        return lambda seconds: self._metros[key].of(_CLOCK_SKEW).set(seconds)

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None:
        """A poll gave this snapshot after so many seconds."""
        metro = self._metros[snapshot.key]
        metro.of(_UP).set(1)
        metro.of(_LAST_SUCCESS).set(snapshot.taken_at)
        metro.of(_LISTED).set(snapshot.listed)
        metro.of(_FETCHED).set(snapshot.fetched)
        skipped = Tally(item.reason for item in snapshot.unread)
        for reason in REASONS:
            metro.of(_SKIPPED, reason).set(skipped[reason])
        fields = Tally(field for c in snapshot.odd for field in c.unread)
        for field in FIELDS:
            metro.of(_UNREAD_FIELDS, field).set(fields[field])
        _polled(metro, seconds)

    def failed(self, key: Key, error: PollError, *, seconds: float) -> None:
        """A poll ended in this error after so many seconds."""
        metro = self._metros[key]
        metro.of(_UP).set(0)
        metro.of(_FAILURES, error.reason).inc()
        _polled(metro, seconds)

    def _of(self, family: Family[M], *values: str) -> M:
        metric = cast("M", self._metrics[family.name])
        return metric.labels(*values) if values else metric

    def _of_metros(self, *, openmetrics: bool) -> Iterator[bytes]:
        for place, header in enumerate(self._headers[openmetrics]):
            yield header
            for metro in self._metros.values():
                yield metro.samples[place]


def _polled(metro: _MetroMetrics, seconds: float) -> None:
    metro.of(_POLLS).inc()
    metro.of(_DURATION).set(seconds)
    metro.render()


def _headers(labels: tuple[str, ...]) -> Mapping[bool, list[bytes]]:
    """The lines that describe each of `METRO_FAMILIES`: in the text format, and in OpenMetrics."""
    metrics = [f.type(f.name, f.help, (*labels, *f.labels), registry=None) for f in METRO_FAMILIES]
    return {
        openmetrics: [_lines(generate(metric), described=True) for metric in metrics]
        for openmetrics, generate in _GENERATE.items()
    }


def _lines(page: bytes, *, described: bool) -> bytes:
    """The lines of a page that describe its families, or those that do not."""
    lines = page.removesuffix(_EOF).split(b"\n")[:-1]
    return b"".join(line + b"\n" for line in lines if line.startswith(b"#") == described)
