"""The exporter and the API behind it: is every metro read, and how does the API answer?"""

from dashboards.source.promql import EXPORTER, EXPORTERS, METRO, METROS, SHARD, WHOLE

_NO_ANSWER = f"count(up{{{EXPORTER}}} == 0) or 0 * count(up{{{EXPORTER}}})"
#: Shards whose pod is gone have no target that could be down.
_SHARDS_GONE = (
    f"sum(max by (cluster, job) (ukc_exporter_shards{{{EXPORTERS}}}) - count by (cluster, job)"
    f" (count by (cluster, job, shard) (ukc_exporter_shard_info{{{EXPORTERS}}})))"
)
EXPORTERS_DOWN = f"{_SHARDS_GONE} > ({_NO_ANSWER}) or {_NO_ANSWER}"
#: By one of its shards at least, where there are several.
METROS_UNREAD = (
    f"count(min by ({METRO}) (max by ({SHARD}) (ukc_up{{{METROS}}})) == 0)"
    f" or 0 * count(ukc_up{{{METROS}}})"
)


def _counted(metric: str, label: str) -> str:
    """What each shard counts of each metro by this label, the greatest of its replicas."""
    return f"max by ({SHARD}, {label}) ({metric}{{{METROS}}})"


NOT_READ_NOW = (
    f"sum({_counted('ukc_certificates_skipped', 'reason')}"
    f" or {_counted('ukc_certificates_unread_fields', 'field')})"
)
INTERNAL_ERRORS = f"sum(increase(ukc_exporter_internal_errors_total{{{EXPORTER}}}[1h]))"
_SUCCESSFUL = f"ukc_exporter_config_last_reload_successful{{{EXPORTER}}}"
RELOAD_FAILED = f"count({_SUCCESSFUL} == 0) or 0 * count({_SUCCESSFUL})"


# --- A row for each metro, and for each shard of it where there are several ---
def of_metro(metric: str) -> str:
    """A gauge of each metro and shard, the greatest of its replicas."""
    return f"max by ({SHARD}) ({metric}{{{METROS}}})"


_SHARDS_KNOWN = f"count by ({METRO}) (count by ({SHARD}) (ukc_up{{{WHOLE}}}))"
_SHARDS = f"max by (cluster, job) (ukc_exporter_shards{{{EXPORTERS}}})"
_GONE = f"({_SHARDS_KNOWN} < on (cluster, job) group_left () {_SHARDS})"
#: With a row for shards that nobody knows of any more.
METRO_UP = f'{of_metro("ukc_up")} or label_replace(0 * {_GONE}, "shard", "gone", "", "")'
METRO_AGE = f"time() - {of_metro('ukc_last_success_timestamp_seconds')}"
METRO_POLL_SECONDS = of_metro("ukc_poll_duration_seconds")
METRO_LISTED = of_metro("ukc_certificates_listed")
METRO_FETCHED = of_metro("ukc_certificates_fetched")
METRO_SKEW = of_metro("ukc_api_clock_skew_seconds")


# --- A row for each exporter ---
def of_instance(metric: str, by: str = "instance") -> str:
    """A gauge of each replica."""
    return f"max by ({by}) ({metric}{{{EXPORTER}}})"


UP = of_instance("up")
VERSION = of_instance("ukc_exporter_build_info", "instance, version")
INSTANCE_SHARD = of_instance("ukc_exporter_shard_info", "instance, shard, total_shards")
UPTIME = f"time() - {of_instance('process_start_time_seconds')}"
RELOADED = of_instance("ukc_exporter_config_last_reload_successful")


# --- Over time ---
def rate(metric: str, by: str) -> str:
    """Per second, over what Grafana takes for a few scrapes."""
    return f"sum by ({by}) (rate({metric}{{{METROS}}}[$__rate_interval]))"


REQUESTS = f"60 * {rate('ukc_api_requests_total', 'endpoint, code')}"
FAILURES = f"60 * {rate('ukc_poll_failures_total', 'account, metro, shard, reason')} > 0"
NOT_READ = (
    f"{_counted('ukc_certificates_skipped', 'reason')} > 0"
    f" or label_replace({_counted('ukc_certificates_unread_fields', 'field')} > 0,"
    ' "reason", "$1", "field", "(.*)")'
)


def latency(quantile: str) -> str:
    """Seconds within which this share of the API's answers came, by metro."""
    buckets = rate("ukc_api_request_duration_seconds_bucket", "le, account, metro")
    return f"histogram_quantile({quantile}, {buckets})"


SCRAPE_SECONDS = of_instance("scrape_duration_seconds")
SCRAPE_SAMPLES = of_instance("scrape_samples_scraped")
CPU = f"sum by (instance) (rate(process_cpu_seconds_total{{{EXPORTER}}}[$__rate_interval]))"
MEMORY = of_instance("process_resident_memory_bytes")
DESCRIPTORS = f"max by (instance) (process_open_fds{{{EXPORTER}}} / process_max_fds{{{EXPORTER}}})"
COLLECTIONS = (
    "sum by (instance, generation)"
    f" (rate(python_gc_collections_total{{{EXPORTER}}}[$__rate_interval]))"
)
