"""The exporter and the API behind it: can the other two dashboards be believed?"""

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard

from . import links, variables
from .board import board
from .columns import Column, arrange, coloured
from .layout import closed, line, place, shown
from .panels import graph, instant, limits_drawn, listing, over_time, rows, tile
from .queries import exporter as queries
from .readings import FAR, between, from_on, none_good, thresholds, words
from .severities import OK, STALE_SECONDS, UNKNOWN, colour
from .severities import runbook as sections

_METRO = "{{account}} {{metro}}"
_SHARD = _METRO + " {{shard}}"


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Whether the exporter reads every metro, and how the API answers it."
    new = board(links.EXPORTER, "UKC certificates / Exporter and API", about)
    new.variables(list(variables.common()))
    new.links([links.to(links.FLEET), links.to(links.CERTIFICATE)])
    return place(
        new,
        shown(
            line(
                3,
                (5, exporters_down()),
                (5, metros_unread()),
                (5, not_read()),
                (5, reload_failed()),
                (4, internal_errors()),
            ),
            line(7, (13, metros()), (11, exporters())),
            line(7, (12, failures()), (12, age())),
        ),
        closed(
            "The API",
            line(7, (12, requests()), (12, latency())),
            line(7, (12, poll_duration()), (12, not_read_by_reason())),
        ),
        closed(
            "The process",
            line(7, (12, cpu()), (12, memory())),
            line(
                7,
                (6, scrape_duration()),
                (6, scrape_samples()),
                (6, descriptors()),
                (6, collections()),
            ),
        ),
    )


def _count(title: str, alert: str, about: str, query: str) -> stat.Panel:
    text = f"{about}\n\n{sections(alert)}"
    panel = tile(title, text, None, instant(query))
    return panel.thresholds(thresholds(none_good(colour(alert))))


def exporters_down() -> stat.Panel:
    about = (
        "Exporter targets that Prometheus cannot scrape, or shards that have none. Not green: with "
        "every replica down (of a shard, where several share the certificates) nothing is watched; "
        "look at the process, then at the network between the two. "
        "Grey: Prometheus knows of no such target."
    )
    return _count("Exporters down", "UKCExporterDown", about, queries.EXPORTERS_DOWN)


def metros_unread() -> stat.Panel:
    about = (
        "Metros whose last poll failed in every replica (of a shard, where several share the "
        "certificates). Not green: the table below names them, "
        "Failures by reason says why; a token and an outage want different people."
    )
    return _count("Metros failing", "UKCMetroUnreachable", about, queries.METROS_UNREAD)


def not_read() -> stat.Panel:
    about = (
        "Certificates that the API lists but the exporter could not read, and fields of others. "
        "Not green: they are missing or old in every panel; the exporter's log names them."
    )
    return _count("Items not read", "UKCCertificatesSkipped", about, queries.NOT_READ_NOW)


def reload_failed() -> stat.Panel:
    about = (
        "Replicas that refused their changed configuration and run on the old one. Not green: "
        "run `ukc-certificate-exporter check-config`; a restart would fail."
    )
    return _count("Reloads failed", "UKCExporterConfigReloadFailed", about, queries.RELOAD_FAILED)


def internal_errors() -> stat.Panel:
    about = (
        "Errors of the exporter's own code within the last hour. Not green: something that it "
        "does for itself failed and was tried again; its log has the traceback: report it."
    )
    panel = _count("Internal errors", "UKCExporterInternalError", about, queries.INTERNAL_ERRORS)
    return panel.decimals(0)


def metros() -> table.Panel:
    about = (
        "Each metro as the best replica sees it, those that fail first, then the oldest data; "
        "a row for each shard where several share the certificates. “down”: its certificates are "
        "shown as they were; see Failures by reason. Fetched below listed: details are missing. "
        "Clock: by how much the API's is ahead of the exporter's, which shifts every expiry.\n\n"
        + sections("UKCClockSkewed")
    )
    panel = listing(
        "Metros",
        about,
        *(
            rows(expr, ref)
            for expr, ref in (
                (queries.METRO_UP, "A"),
                (queries.METRO_AGE, "B"),
                (queries.METRO_LISTED, "C"),
                (queries.METRO_FETCHED, "D"),
                (queries.METRO_SKEW, "E"),
            )
        ),
    )
    read = {"0": ("down", colour("UKCMetroUnreachable")), "1": ("read", OK)}
    never = between(1e9, FAR, "never", UNKNOWN)
    columns = [
        Column("account", "Account"),
        Column("metro", "Metro", width=60, links=links.metro(links.FLEET)),
        Column("shard", "Shard", width=59),
        Column("Value #A", "Poll", width=60, mappings=[words(read)], cell=coloured()),
        Column("Value #B", "Data age", unit="s", decimals=0, width=80, mappings=[never]),
        Column("Value #C", "Listed", unit="short", decimals=0, width=66, absent="-"),
        Column("Value #D", "Fetched", unit="short", decimals=0, width=73, absent="-"),
        Column("Value #E", "Clock", unit="s", decimals=0, width=60, absent="-"),
    ]
    return arrange(panel, columns, [("Value #A", False), ("Value #B", True)])


def exporters() -> table.Panel:
    about = (
        "Each replica. More than one version: a roll-out is under way, or stuck. Up for minutes "
        "again and again: it is being restarted; look at its log and its memory limit."
    )
    panel = listing(
        "Exporters",
        about,
        *(
            rows(expr, ref)
            for expr, ref in (
                (queries.UP, "A"),
                (queries.VERSION, "B"),
                (queries.INSTANCE_SHARD, "C"),
                (queries.UPTIME, "D"),
                (queries.RELOADED, "E"),
            )
        ),
    )
    up = {"0": ("down", colour("UKCExporterDown")), "1": ("up", OK)}
    loaded = {"0": ("refused", colour("UKCExporterConfigReloadFailed")), "1": ("loaded", OK)}
    columns = [
        Column("instance", "Instance"),
        Column("Value #A", "Scrape", width=66, mappings=[words(up)], cell=coloured()),
        Column("version", "Version", width=73),
        Column("shard", "Shard", width=59),
        Column("Value #D", "Up for", unit="s", decimals=1, width=80, absent="-"),
        Column(
            "Value #E", "Config", width=70, mappings=[words(loaded)], cell=coloured(), absent="-"
        ),
    ]
    return arrange(panel, columns, [("Value #A", False), ("instance", False)])


def failures() -> timeseries.Panel:
    about = (
        "Failed polls per minute, by reason; “none” is good. unauthorized, forbidden: the token. "
        "rate_limited: poll less often, or fetch in bulk. timeout, connect, tls, server_error: the "
        "API or the way to it. undecodable, too_large: report it with the exporter's log."
    )
    query = over_time(queries.FAILURES, f"{_SHARD} {{{{reason}}}}")
    return graph("Failures by reason", about, query).unit("cpm")


def not_read_by_reason() -> timeseries.Panel:
    about = (
        "Certificates left out at each poll, by reason, and those of which a field could not be "
        "read, by field; “none” is good. A line that stays: one broken object, named in the "
        "exporter's log. A step: the API changed its answers.\n\n"
        + sections("UKCCertificatesSkipped")
    )
    query = over_time(queries.NOT_READ, f"{_SHARD} {{{{reason}}}}")
    return graph("Not read, by reason or field", about, query).unit("short").decimals(0)


def requests() -> timeseries.Panel:
    about = (
        "Requests to the API per minute, by endpoint and status code. Other codes than 200: see "
        "Failures by reason. More than one per metro and interval: batches, retries, or a second "
        "exporter on the same account."
    )
    query = over_time(queries.REQUESTS, "{{endpoint}} {{code}}")
    return graph("API requests", about, query).unit("reqpm")


def latency() -> timeseries.Panel:
    about = (
        "How long each metro's API takes, the middle and the slowest hundredth of the answers. "
        "Near `timeout` (10 s unless you set it): polls begin to fail; raise it, or fetch in "
        "batches."
    )
    return graph(
        "API latency",
        about,
        over_time(queries.latency("0.5"), f"{_METRO} median", "A"),
        over_time(queries.latency("0.99"), f"{_METRO} 99 %", "B"),
    ).unit("s")


def age() -> timeseries.Panel:
    about = (
        "How old the look at each metro was at any moment: a flat saw-tooth of one interval is "
        "healthy, a line that climbs is a metro that cannot be read since it left the others."
    )
    query = over_time(f"{queries.METRO_AGE} < 1e9", _SHARD)
    panel = graph("Age of the data over time", about, query).unit("s")
    old = from_on(STALE_SECONDS, colour("UKCDataStale"))
    return limits_drawn(panel.no_value("never read"), old)


def poll_duration() -> timeseries.Panel:
    about = (
        "How long one poll of a metro takes from the first request to the last. "
        "Near the interval: lengthen it, or spread the metros over several exporters."
    )
    query = over_time(queries.METRO_POLL_SECONDS, _SHARD)
    return graph("Poll duration", about, query).unit("s")


def scrape_duration() -> timeseries.Panel:
    about = (
        "How long Prometheus takes to scrape the exporter. It serves prepared bytes, so seconds "
        "mean a starved process or network. Near the scrape timeout: samples get lost."
    )
    query = over_time(queries.SCRAPE_SECONDS, "{{instance}}")
    return graph("Scrape duration", about, query).unit("s")


def scrape_samples() -> timeseries.Panel:
    about = (
        "Samples on the page. It grows with the certificates; a jump without new certificates is "
        "new labels. What Prometheus holds is about this, once for each replica."
    )
    query = over_time(queries.SCRAPE_SAMPLES, "{{instance}}")
    return graph("Samples per scrape", about, query).unit("short").decimals(0)


def cpu() -> timeseries.Panel:
    about = "Processor time used, 1 being one core. At its limit: polls and scrapes take longer."
    return graph("CPU", about, over_time(queries.CPU, "{{instance}}")).unit("short")


def memory() -> timeseries.Panel:
    about = "Resident memory. It follows the fleet; growth without new certificates is a leak."
    return graph("Memory", about, over_time(queries.MEMORY, "{{instance}}")).unit("bytes")


def descriptors() -> timeseries.Panel:
    about = "File descriptors in use, as a share of the limit. Growing: connections are not closed."
    query = over_time(queries.DESCRIPTORS, "{{instance}}")
    return graph("File descriptors", about, query).unit("percentunit")


def collections() -> timeseries.Panel:
    about = "Garbage collections per second, by generation. Many of generation 2: memory is tight."
    query = over_time(queries.COLLECTIONS, "{{instance}} gen {{generation}}")
    return graph("Garbage collections", about, query).unit("ops")
