"""The exporter and the API behind it: can the other two dashboards be believed?"""

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueTextMode

from . import links, queries, rules, variables
from .board import board
from .columns import Column, arrange, coloured
from .layout import Section, line, place
from .panels import graph, instant, limits_drawn, listing, over_time, rows, tile
from .readings import age_steps, beyond, neutral, none_good, thresholds, words

_METRO = "{{account}} {{metro}}"
_SHARD = _METRO + " {{shard}}"


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Whether the exporter reads every metro, and how the API answers it."
    new = board(links.EXPORTER[0], "UKC certificates / Exporter and API", about)
    new.variables(list(variables.common()))
    new.links([links.to(links.FLEET), links.to(links.CERTIFICATE)])
    return place(
        new,
        Section(
            None,
            (
                line(
                    4,
                    (4, exporters_down()),
                    (4, metros_unread()),
                    (4, skipped_now()),
                    (4, reload_failed()),
                    (4, uptime()),
                    (4, version()),
                ),
                line(8, (24, metros())),
            ),
        ),
        Section(
            "The API",
            (
                line(8, (12, failures()), (12, skipped())),
                line(8, (12, requests()), (12, latency())),
                line(8, (12, age()), (12, poll_duration())),
            ),
        ),
        Section(
            "The exporter",
            (
                line(8, (12, scrape_duration()), (12, scrape_samples())),
                line(8, (6, cpu()), (6, memory()), (6, descriptors()), (6, collections())),
            ),
        ),
    )


def _count(title: str, alert: str, about: str, query: str) -> stat.Panel:
    text = f"{about}\n\nRunbook: {alert}."
    return tile(title, text, instant(query)).thresholds(thresholds(none_good(rules.colour(alert))))


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
    return _count("Metros not read", "UKCMetroUnreachable", about, queries.METROS_UNREAD)


def skipped_now() -> stat.Panel:
    about = (
        "Certificates that the API lists but the exporter could not read. Not green: they are "
        "missing or old in every panel and no alert watches them; the exporter's log names them."
    )
    return _count("Certificates skipped", "UKCCertificatesSkipped", about, queries.SKIPPED_NOW)


def reload_failed() -> stat.Panel:
    about = (
        "Replicas that refused their changed configuration and run on the old one. Not green: "
        "run `ukc-certificate-exporter check-config`; a restart would fail."
    )
    return _count("Reloads failed", "UKCExporterConfigReloadFailed", about, queries.RELOAD_FAILED)


def uptime() -> stat.Panel:
    about = (
        "Time since the youngest replica started. Minutes again and again: it is being restarted; "
        "look at its log and its memory limit."
    )
    panel = tile("Since the last start", about, instant(queries.UPTIME)).unit("s").decimals(1)
    return panel.color_mode(BigValueColorMode.NONE).thresholds(thresholds(neutral()))


def version() -> stat.Panel:
    about = (
        "Versions that run, with how many replicas each. More than one: a roll-out is under way, "
        "or stuck."
    )
    panel = tile("Version", about, instant(queries.VERSIONS, "{{version}}")).unit("short")
    panel.text_mode(BigValueTextMode.VALUE_AND_NAME).color_mode(BigValueColorMode.NONE)
    return panel.thresholds(thresholds(neutral()))


def metros() -> table.Panel:
    about = (
        "Each metro as the best replica sees it, the oldest data first; a row for each shard where "
        "several share the certificates. “down”, or an age that is not green: its certificates are "
        "shown as they were; see Failures by reason. Fetched below listed: details are missing."
    )
    panel = listing(
        "Metros",
        about,
        rows(queries.METRO_UP, "A"),
        rows(queries.METRO_AGE, "B"),
        rows(queries.METRO_POLL_SECONDS, "C"),
        rows(queries.METRO_LISTED, "D"),
        rows(queries.METRO_FETCHED, "E"),
    )
    read = {0: ("down", rules.colour("UKCMetroUnreachable")), 1: ("read", rules.OK)}
    columns = [
        Column("account", "Account"),
        Column("metro", "Metro", links=links.metro()),
        Column("shard", "Shard", width=80),
        Column("Value #A", "Last poll", width=110, mapping=words(read), cell=coloured()),
        Column(
            "Value #B",
            "Age of the data",
            "s",
            0,
            width=150,
            steps=age_steps(),
            cell=coloured(),
            mapping=beyond(1e9, "never read", rules.COLOURS["critical"]),
        ),
        Column("Value #C", "Poll took", "s", 2, width=120, absent="-"),
        Column("Value #D", "Listed", "short", 0, width=110, absent="-"),
        Column("Value #E", "Fetched", "short", 0, width=110, absent="-"),
    ]
    return arrange(panel, columns, [("Value #B", True)])


def failures() -> timeseries.Panel:
    about = (
        "Failed polls per minute, by reason; “none” is good. unauthorized, forbidden: the token. "
        "rate_limited: poll less often, or fetch in bulk. timeout, connect, tls, server_error: the "
        "API or the way to it. undecodable, too_large: report it with the exporter's log."
    )
    query = over_time(queries.FAILURES, f"{_SHARD} {{{{reason}}}}")
    return graph("Failures by reason", about, query).unit("cpm")


def skipped() -> timeseries.Panel:
    about = (
        "Certificates left out at each poll, by reason; “none” is good. A line that stays: one "
        "broken object, named in the exporter's log. A step: the API changed its answers."
    )
    query = over_time(queries.SKIPPED, f"{_SHARD} {{{{reason}}}}")
    return graph("Skipped by reason", about, query).unit("short").decimals(0)


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
    return limits_drawn(panel.no_value("never read"), age_steps())


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
