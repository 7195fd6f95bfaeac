"""Every query of the dashboards, by name."""

from .promql import (
    DAY,
    EXPORTER,
    EXPORTERS,
    IDENTITY,
    JUDGED,
    LOOKED,
    METRO,
    METROS,
    REPLICA,
    RULES,
    SHARD,
    Certificates,
    ending,
    hidden,
    in_force,
    nothing_shown,
    omitted,
    once,
    together,
    total,
)

#: How many certificates, alerts or names a dashboard asks for at most.
TOP = 100
NAMES = 500

FLEET = Certificates('name=~".*$name.*"')
URGENT = Certificates('name=~"$urgent"')
ONE = Certificates('name="$name"')

# --- Variables ---
CLUSTERS = "label_values(ukc_exporter_build_info, cluster)"
JOBS = 'label_values(ukc_exporter_build_info{cluster=~"$cluster"}, job)'
INSTANCES = 'label_values(ukc_exporter_build_info{cluster=~"$cluster", job=~"$job"}, instance)'
ACCOUNTS = f"label_values(ukc_up{{{EXPORTER}}}, account)"
METRO_NAMES = f'label_values(ukc_up{{{EXPORTER}, account=~"$account"}}, metro)'
_SEARCHED = METROS + ', name=~"(?i:.*$search.*)"'
FOUND = f"query_result(topk({NAMES}, max by (name) (ukc_certificate_info{{{_SEARCHED}}})))"
#: The names to look at first, the least number first: what the rules judge, failed and never
#: issued ones, and then whatever expires next. Coarse but cheap: of a hundred thousand series a
#: few hundred are compared. It decides which rows the table has; the verdict decides their order.
MOST_URGENT = (
    f"query_result(bottomk({TOP}, min by (name) ("
    f"-100 * {FLEET.urgencies}"
    f" or -250 + 0 * ({FLEET.failed})"
    f" or -150 + 0 * ({FLEET.never_issued})"
    f" or clamp_min(bottomk by (cluster, job, instance, pod) ({TOP}, {FLEET.left}) / {DAY}, -1)"
    ")))"
)

# --- Fleet: numbers ---
#: In place of a zero that nobody knows: series are off, and only they could tell.
_OFF = nothing_shown()
#: So too where a name is chosen. Totals have no name: they match only while none is chosen.
_OFF_BY_NAME = f"{_OFF} unless on () ukc_certificates{{{METROS}, {FLEET.names}}}"


def _counted(shown: str, count: str) -> str:
    """The shown ones, and those of `count` (over replicas) that are shown nowhere."""
    return f"({shown}) + ({hidden(count)} or {LOOKED})"


#: Without the rules: every expired one, left-overs included.
EXPIRED = _counted(
    f"count({FLEET.urgency(3)}) or {_OFF_BY_NAME} or {JUDGED}"
    f" or count({once(FLEET.expired)}) or {LOOKED}",
    ending("0.0", FLEET.names),
)
IMMINENT = f"count({FLEET.urgency(2)}) or {_OFF} or {JUDGED}"
FAILED = _counted(
    f"count({once(FLEET.failed)} unless {FLEET.superseded}) or {_OFF_BY_NAME} or {LOOKED}",
    total(FLEET.names, 'state="error"'),
)
NEVER_ISSUED = _counted(
    f"count({once(FLEET.never_issued)}) or {_OFF_BY_NAME} or {LOOKED}",
    total(FLEET.names, 'state="pending"', 'renewal="unknown"'),
)
OVERDUE = f"count({FLEET.urgency(1)} unless {FLEET.manual}) or {_OFF} or {JUDGED}"
SOON = f"count({FLEET.urgency(1)} and {FLEET.manual}) or {_OFF} or {JUDGED}"
#: The least of each replica first: a hundred thousand series are matched once, not twice.
_NEXT = (
    f"min by ({REPLICA}) ({FLEET.not_after} > time() unless {FLEET.metric('service_groups')} == 0)"
)
NEXT_EXPIRY = f"(min({in_force(_NEXT)}) - time()) / {DAY} or {_OFF}"
OMITTED = f"sum({together(omitted())})"
DATA_AGE = f"max(time() - max by ({SHARD}) (ukc_last_success_timestamp_seconds{{{METROS}}}))"


# --- A certificate's columns ---
def verdict(of: Certificates, judged: Certificates) -> str:
    """What each certificate needs, as VERDICTS in readings.py words it.

    `judged` may be more than `of`: judgements that few certificates have are cheaper to ask for
    all of them than for a list of names.
    """
    used = f"({once(of.metric('service_groups'))} > bool 0)"
    in_time = f"({of.last_third} >= time())"
    info = once(of.metric("info"))
    found = " or ".join(
        (
            f"(2 + 7 * {used} and {judged.urgency(3)})",
            f"8 + 0 * ({judged.urgency(2)})",
            f"7 + 0 * ({once(of.failed)} and ({used} == 1) unless {in_time})",
            f"(1 + 5 * {used} and {once(of.never_issued)})",
            f"5 + 0 * (({judged.urgency(1)}) unless {judged.manual})",
            f"4 + 0 * ({judged.urgency(1)})",
            f"-1 + 0 * {judged.superseded}",
            f"3 + 0 * {once(of.failed)}",
            # Without the rules that much can be said.
            f"9 + 0 * {once(of.expired)}",
        )
    )
    # Without the rules nothing is known to be fine.
    return f"({found}) and {info} or 0 * ({info} and on () {RULES}) or -2 + 0 * {info}"


def state_code(of: Certificates) -> str:
    """1 valid, 2 pending, 3 error; 0 for a state that this dashboard does not know."""
    return " + ".join(
        f"{code} * {once(of.metric('state', f'state={chr(34)}{state}{chr(34)}'))}"
        for code, state in ((1, "valid"), (2, "pending"), (3, "error"))
    )


def days_left(of: Certificates) -> str:
    """Days until it expires, negative afterwards."""
    return f"{once(of.left)} / {DAY}"


def share_left(of: Certificates) -> str:
    """The share of its lifetime that is left, never below 0."""
    return f"clamp_min({once(f'({of.left}) / ({of.lifetime} > 0)')}, 0)"


def used_by(of: Certificates) -> str:
    """Service groups that use it."""
    return once(of.metric("service_groups"))


def attempts(of: Certificates) -> str:
    """Attempts of the running validation."""
    return once(of.metric("validation_attempts"))


def issued_by(of: Certificates) -> str:
    """1, with the labels `issuer` and `renewal`."""
    return once(of.metric("info"), by=f"{IDENTITY}, issuer, renewal")


# --- Fleet: where and when ---
def in_state(matcher: str) -> str:
    """Certificates of each metro in a state; 0 for a metro that has none."""
    return (
        f"{together(total(matcher))}"
        f" or 0 * max by ({METRO}) (ukc_last_success_timestamp_seconds{{{METROS}}} > 0)"
    )


#: An alert about a metro or the exporter has fewer labels, and is shown whatever is chosen.
_UKC = 'cluster=~"$cluster", job=~"$job", account=~"$account|", metro=~"$metro|"'
_UKC += ', alertname=~"UKC.+"'
#: Since when each alert fires, in milliseconds; a row of its own where nothing could fire.
FIRING = (
    f"topk({TOP}, ALERTS_FOR_STATE{{{_UKC}}} * 1000"
    f' and ignoring (alertstate) ALERTS{{alertstate="firing", {_UKC}}})'
    f" or label_replace(label_replace(time() * 1000 * absent({RULES}),"
    ' "alertname", "The alert rules are not loaded here", "", ""), "severity", "warning", "", "")'
)
_AT = "@ ${__to:date:seconds}"
#: Asked of the future: certificates as they are now that expire on the day of the step.
_LAST_DAY = f"floor(max by ({IDENTITY}) ({FLEET.not_after} {_AT}) / {DAY})"
EXPIRIES = (
    f"count({_LAST_DAY} == (time() - time() % {DAY}) / {DAY})"
    f" or 0 * count(ukc_last_success_timestamp_seconds{{{METROS}}} {_AT} > 0)"
    f" unless on () {nothing_shown(f' {_AT}')}"
)
RENEWALS = (
    f"count(max by ({IDENTITY}) ({FLEET.not_after})"
    f" > max by ({IDENTITY}) ({FLEET.not_after} offset $__interval)) or {LOOKED}"
    f" unless on () {_OFF}"
)
LISTED = (
    f"sum by ({METRO}) (max by ({SHARD}) (ukc_certificates_listed{{{METROS}}}"
    f" and on ({REPLICA}) ukc_up{{{METROS}}} == 1))"
)


# --- One certificate ---
def limit_days(limit: str) -> str:
    """Days left at the moment that `limit` is an expression of."""
    return f"({ONE.end} - {limit}) / {DAY}"


#: The platform's turn where it renews, else a person's.
_DUE = f"({ONE.last_third} unless {ONE.manual} or {ONE.limit('warning')})"
DUE_IN = f"({_DUE} - time()) / {DAY}"
#: A line of its own for what the platform renews; nobody renews the others at a third.
RENEWAL_DUE = f"({ONE.last_third} unless {ONE.manual})"
ONE_AGE = (
    f"time() - max by ({METRO}) (ukc_last_success_timestamp_seconds{{{METROS}}}"
    f" and on ({REPLICA}) {ONE.metric('info')})"
)
NEXT_ATTEMPT = once(ONE.metric("validation_next_timestamp_seconds") + " - time()")
SERVICE_GROUPS = once(
    ONE.metric("service_group_info"), by=f"{METRO}, service_group, service_group_uuid"
)
_ISSUE = f"{METRO}, serial_number, issuer, subject, renewal, uuid"


def seen(function: str) -> str:
    """The first or last moment (`min` or `max`) of each issue within the range, in milliseconds."""
    sampled = f"timestamp({ONE.metric('info')})[$__range:$__interval]"
    return f"1000 * {function} by ({_ISSUE}) ({function}_over_time({sampled}))"


#: Drift asks all metros, whatever the variable `metro` says.
_ANYWHERE = f'{EXPORTER}, account=~"$account"'
_DOMAIN = Certificates('name!=""', metros=_ANYWHERE)


def of_same_domain(expr: str, by: str = IDENTITY) -> str:
    """What `expr` gives for every certificate of the chosen one's common name."""
    chosen = Certificates('name="$name"', metros=_ANYWHERE).metric("info")
    return f"max by ({by}) ({expr} and on (cluster, job, account, common_name) {chosen})"


DOMAIN_EXPIRY = of_same_domain(_DOMAIN.not_after) + " * 1000"
DOMAIN_AHEAD = (
    f"({of_same_domain(_DOMAIN.not_after)}"
    " - on (cluster, job, account, common_name) group_left () min by"
    f" (cluster, job, account, common_name) ({of_same_domain(_DOMAIN.not_after)})) / {DAY}"
)
DOMAIN_USED_BY = of_same_domain(_DOMAIN.metric("service_groups"))
DOMAIN_SERIAL = of_same_domain(_DOMAIN.metric("info"), by=f"{IDENTITY}, serial_number, issuer")
#: Where a renewal is drawn: when the certificate in force began, in milliseconds.
ISSUED = f"1000 * {once(ONE.metric('not_before_timestamp_seconds'))}"

# --- Exporter and API ---
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
SKIPPED_NOW = f"sum(max by ({SHARD}, reason) (ukc_certificates_skipped{{{METROS}}}))"
RELOAD_FAILED = (
    f"count(ukc_exporter_config_last_reload_successful{{{EXPORTER}}} == 0)"
    f" or 0 * count(ukc_exporter_config_last_reload_successful{{{EXPORTER}}})"
)
VERSIONS = f"count by (version) (ukc_exporter_build_info{{{EXPORTER}}})"
UPTIME = f"time() - max(process_start_time_seconds{{{EXPORTER}}})"


def of_metro(metric: str) -> str:
    """A gauge of each metro and shard, the greatest of its replicas."""
    return f"max by ({SHARD}) ({metric}{{{METROS}}})"


METRO_UP = of_metro("ukc_up")
METRO_AGE = f"time() - {of_metro('ukc_last_success_timestamp_seconds')}"
METRO_POLL_SECONDS = of_metro("ukc_poll_duration_seconds")
METRO_LISTED = of_metro("ukc_certificates_listed")
METRO_FETCHED = of_metro("ukc_certificates_fetched")


def rate(metric: str, by: str) -> str:
    """Per second, over what Grafana takes for a few scrapes."""
    return f"sum by ({by}) (rate({metric}{{{METROS}}}[$__rate_interval]))"


REQUESTS = f"60 * {rate('ukc_api_requests_total', 'endpoint, code')}"
FAILURES = f"60 * {rate('ukc_poll_failures_total', 'account, metro, shard, reason')} > 0"
SKIPPED = f"max by (account, metro, shard, reason) (ukc_certificates_skipped{{{METROS}}}) > 0"


def latency(quantile: str) -> str:
    """Seconds within which this share of the API's answers came, by metro."""
    buckets = rate("ukc_api_request_duration_seconds_bucket", "le, account, metro")
    return f"histogram_quantile({quantile}, {buckets})"


SCRAPE_SECONDS = f"max by (instance) (scrape_duration_seconds{{{EXPORTER}}})"
SCRAPE_SAMPLES = f"max by (instance) (scrape_samples_scraped{{{EXPORTER}}})"
CPU = f"sum by (instance) (rate(process_cpu_seconds_total{{{EXPORTER}}}[$__rate_interval]))"
MEMORY = f"max by (instance) (process_resident_memory_bytes{{{EXPORTER}}})"
DESCRIPTORS = f"max by (instance) (process_open_fds{{{EXPORTER}}} / process_max_fds{{{EXPORTER}}})"
COLLECTIONS = (
    "sum by (instance, generation)"
    f" (rate(python_gc_collections_total{{{EXPORTER}}}[$__rate_interval]))"
)
STARTED = f"1000 * max by (instance) (process_start_time_seconds{{{EXPORTER}}})"
