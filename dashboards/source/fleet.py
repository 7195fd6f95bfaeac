"""The fleet: do I have to do something now, about which domains, and what comes next?"""

from grafana_foundation_sdk.builders import barchart, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

from exporter.judgement import COLOURS

from . import links, variables
from .board import board
from .columns import Column, arrange, as_wide_as, runbook, severity, text
from .layout import closed, line, place, shown
from .panels import bars, counts, graph, instant, listing, over_time, rows, tile
from .queries import alerts
from .queries import fleet as queries
from .readings import (
    FAR,
    MISSED,
    SCORES,
    always,
    between,
    from_on,
    neutral,
    none_good,
    some_good,
    thresholds,
    unknown,
    words,
)
from .severities import OK, RANKS, UNKNOWN, colour
from .severities import runbook as sections


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Which certificates of all metros need a person now, and which will."
    new = board(links.FLEET, "UKC certificates / Fleet", about)
    searched = "Part of a domain or of a certificate's name, as it is; empty for all."
    new.variables(
        [
            *variables.common(),
            variables.search(searched),
            variables.severity(),
            variables.reason(),
        ]
    )
    new.links([links.to(links.CERTIFICATE), links.to(links.EXPORTER)])
    return place(
        new,
        shown(
            line(
                3,
                (4, needing("critical")),
                (4, needing("warning")),
                (3, needing("info")),
                (3, fine()),
                (3, total()),
                (4, not_seen()),
                (3, data_age()),
            ),
            line(9, (24, certificates())),
            line(6, (9, reasons()), (15, expiries())),
        ),
        closed("Alerts that fire", line(10, (24, firing()))),
        closed(
            "By metro, and over time",
            line(8, (18, metros()), (6, reasons_over_time())),
            line(7, (12, renewals()), (12, inventory())),
        ),
    )


_SEARCHED = (
    "Grey, “no match”: nothing with series of its own is found by the search. "
    "Grey, “unknown”: no metro has been read yet."
)


def needing(name: str) -> stat.Panel:
    """How many certificates have this severity."""
    todo = {
        "critical": "services are down or will be today; the table's first rows say which",
        "warning": "there is time, in working hours; the table says why",
        "info": "nothing is at risk; attach them, or delete them",
    }[name]
    about = (
        f"Certificates whose most severe reason is {name}, each counted once. Not green: {todo}. "
        f"Certificates without series are counted too, by reason. {_SEARCHED}"
    )
    panel = tile(name.title(), about, links.counted(name), instant(queries.most_severe(name)))
    panel.mappings([unknown(), MISSED])
    return panel.thresholds(thresholds(none_good(COLOURS[name])))


def fine() -> stat.Panel:
    about = f"Certificates that need nothing: with the tiles before, all of them. {_SEARCHED}"
    panel = tile("OK", about, links.counted(links.NONE), instant(queries.FINE))
    return panel.mappings([unknown(), MISSED]).thresholds(thresholds(some_good()))


def total() -> stat.Panel:
    about = f"All certificates that the chosen metros told of, with or without series. {_SEARCHED}"
    panel = tile("Total", about, links.counted(links.EVERY), instant(queries.TOTAL))
    panel.color_mode(BigValueColorMode.VALUE)
    return panel.mappings([unknown(), MISSED]).thresholds(thresholds(neutral()))


def not_seen() -> stat.Panel:
    about = (
        "Metros that are not read, or not by every shard. Not green: all numbers are about what "
        "was last seen of them; open Exporter and API.\n\n"
        + sections("UKCMetroUnreachable", "UKCUnauthorized", "UKCRateLimited", "UKCExporterDown")
    )
    panel = tile("Metros not read", about, links.exporter(), instant(queries.NOT_SEEN))
    down = words({"-1": ("exporter down", colour("UKCExporterDown"))})
    # By its thresholds it would be grey: the mapping's colour counts.
    panel.mappings([unknown(), down])
    return panel.thresholds(thresholds(none_good(colour("UKCMetroUnreachable"))))


def data_age() -> stat.Panel:
    about = (
        "Age of the oldest look at any metro; every number here is that old for that metro. "
        "Not green: the exporter cannot read it; open Exporter and API.\n\n"
        + sections("UKCDataStale")
    )
    panel = tile(
        "Data age", about, links.exporter(), instant(queries.FRESH), instant(queries.OLD, ref="B")
    )
    old = colour("UKCDataStale")
    panel.unit("s").decimals(0).mappings([unknown(), between(1e9, FAR, "never read", old)])
    panel.thresholds(thresholds([(None, UNKNOWN), (0, OK)]))
    # A metro that is polled rarely is not old as soon: the queries tell, not a threshold.
    return panel.override_by_query(
        "B", [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": old})]
    )


def certificates() -> table.Panel:
    about = (
        "What needs somebody, a row for each domain, the most severe first and then what expires "
        "sooner. Metros are those in which something is wrong. Click a domain for its history, a "
        "reason for the runbook. Severity and Reason above choose the rows; a tile does so with a "
        f"click. The {queries.ROWS} most severe reasons at most."
    )
    panel = listing(
        "What needs attention, by domain",
        about,
        rows(queries.NEEDED, "A"),
        rows(queries.NEEDED_DAYS, "B"),
    )
    columns = [
        severity(mappings=SCORES),
        Column("reason", "Reason", "uniqueValues", width=190, cell=text(), links=links.runbook()),
        Column("common_name", "Domain", "groupby", links=links.certificate()),
        Column("metro", "Metros", "uniqueValues", width=170, cell=text()),
        Column("Value #B", "Time left", "min", "suffix: d", 1, width=100, absent="-"),
        Column("of", "Account", "firstNotNull", width=110),
        Column("account", "Account", "groupby", hidden=True),
        runbook(),
    ]
    panel.no_value("nothing needs attention")
    return arrange(panel, columns, [("Value #A", True), ("metro", False), ("reason", False)])


def reasons() -> table.Panel:
    about = (
        "How often each reason applies, with or without series. A certificate may have one on each "
        "ladder: expiry, issuance, oddities. Click a number for its certificates."
    )
    panel = listing(
        "By reason", about, rows(queries.REASON_RANKS, "A"), rows(queries.REASON_COUNTS, "B")
    )
    reason = links.counted("${__data.fields.severity}", "${__data.fields.reason}")
    columns = [
        severity(),
        Column("reason", "Reason", links=links.runbook()),
        Column(
            "Value #B",
            "Certificates",
            unit="short",
            decimals=0,
            width=110,
            links=reason,
            absent="-",
        ),
        Column("severity", "Severity", hidden=True),
        runbook(),
    ]
    panel.no_value("nothing needs attention")
    return arrange(panel, columns, [("Value #A", True), ("Value #B", True)])


def expiries() -> barchart.Panel:
    about = (
        f"How many certificates, as they are now, expire on each of the next {queries.AHEAD} days, "
        "counted in steps of 24 hours from now; a bar stands at the day on which its step begins. "
        "Days on which none expires are left out. Automatic ones are renewed before their day "
        "comes, so only near bars matter: a tall one of uploads wants a plan. "
        "Certificates without series are not counted."
    )
    panel = counts("Expiries ahead, per day", about, rows(queries.EXPIRIES))
    numbers = {"targetField": "day", "destinationType": "number"}
    moments = {"targetField": "day", "destinationType": "time"}
    for name, options in (
        ("convertFieldType", {"conversions": [numbers, moments], "fields": {}}),
        ("sortBy", {"fields": {}, "sort": [{"field": "day", "desc": False}]}),
        ("filterFieldsByName", {"include": {"names": ["day", "Value"]}}),
    ):
        panel.with_transformation(DataTransformerConfig(id_val=name, options=options))
    panel.override_by_name("day", [DynamicConfigValue("unit", "time:D MMM")])
    panel.override_by_name("Value", [DynamicConfigValue("displayName", "certificates")])
    panel.x_field("day").color_scheme(always(COLOURS["info"]))
    return panel.no_value("nothing expires, or no certificate has series")


def firing() -> table.Panel:
    about = (
        "Alerts that fire now: those about a domain as one row, the most severe first. “none” is "
        "good. Click an alert for its section of the runbook, a domain for its certificates. A row "
        "that says so means that nothing can fire: load `alerts/*.rules.yaml` into Prometheus."
    )
    panel = listing(
        "Firing alerts",
        about,
        rows(alerts.RANKS, "A"),
        rows(alerts.COUNTS, "B"),
        rows(alerts.SINCE, "C"),
    )
    columns = [
        severity(),
        Column("alertname", "Alert", width=290, links=links.runbook()),
        Column("common_name", "Domain", absent="-", links=links.certificate()),
        Column("metro", "Metro", width=80, absent="-", links=links.metro(links.EXPORTER)),
        Column("shard", "Shard", width=70, absent="-"),
        Column("account", "Account", width=110),
        Column("Value #B", "Alerts", unit="short", decimals=0, width=70),
        Column("Value #C", "Since", unit="dateTimeFromNow", width=135, absent="-"),
        runbook(),
    ]
    order = [("Value #A", True), ("alertname", False), ("common_name", False)]
    arrange(panel, columns, order)
    limit = {"limitField": 500}
    return panel.with_transformation(DataTransformerConfig(id_val="limit", options=limit))


def metros() -> table.Panel:
    about = (
        "Certificates of each metro by state, and reasons by severity, with or without series, "
        "whatever is searched for. Trouble in one metro only points at that metro; trouble of one "
        "domain in all of them points at its DNS. “Unread”: "
        "shards whose part is missing or old. "
        "Click a metro to see its certificates only."
    )
    panel = listing(
        "States and reasons, by metro",
        about,
        *(
            rows(queries.in_state(matcher), ref)
            for ref, matcher in (
                ("A", 'state="valid"'),
                ("B", 'state="pending"'),
                ("C", 'state="error"'),
                ("D", 'state!~"valid|pending|error"'),
            )
        ),
        *(rows(queries.reasons(s), ref) for s, ref in zip(RANKS, "EFG", strict=True)),
        rows(queries.OMITTED, "H"),
        rows(queries.UNREAD, "I"),
    )
    columns = [
        Column("account", "Account"),
        Column("metro", "Metro", width=70, links=links.metro(links.FLEET, stays=True)),
        *(
            Column(f"Value #{ref}", heading, unit="short", decimals=0, width=as_wide_as(heading))
            for ref, heading in zip("ABCD", ("Valid", "Pending", "Error", "Other"), strict=True)
        ),
        *(
            Column(
                f"Value #{ref}",
                name.title(),
                unit="short",
                decimals=0,
                width=as_wide_as(name),
                steps=from_on(1, COLOURS[name]),
                cell=text(),
            )
            for name, ref in zip(RANKS, "EFG", strict=True)
        ),
        Column("Value #H", "No series", unit="short", decimals=0, width=87),
        Column(
            "Value #I",
            "Unread",
            unit="short",
            decimals=0,
            width=as_wide_as("Unread"),
            steps=from_on(1, colour("UKCMetroUnreachable")),
            cell=text(),
        ),
    ]
    return arrange(panel, columns, [("Value #E", True), ("Value #F", True), ("metro", False)])


def reasons_over_time() -> timeseries.Panel:
    about = (
        "Reasons of each severity over time, with or without series. A step up in one minute has "
        "one cause, such as a zone or a metro; a slope is renewals that fail one after another."
    )
    panel = graph("Reasons over time", about, over_time(queries.REASONS_OVER_TIME, "{{severity}}"))
    for name, shade in COLOURS.items():
        fixed = DynamicConfigValue("color", {"mode": "fixed", "fixedColor": shade})
        panel.override_by_name(name, [fixed])
    return panel.unit("short").decimals(0)


def renewals() -> timeseries.Panel:
    about = (
        "Certificates whose expiry moved later (renewed, or replaced under the same name), "
        "for each twelve hours of the last 30 days. "
        "No bars for days in a fleet that used to have them: renewal has stopped, look at the "
        "overdue ones; a single tall bar repeats itself one lifetime later. "
        "Certificates without series are not counted."
    )
    panel = bars("Renewals seen, per 12 hours", about, over_time(queries.RENEWALS, "certificates"))
    panel.no_value("no metro is read")
    panel.interval("12h").time_from("30d").max_data_points(60)
    return panel.color_scheme(always(OK))


def inventory() -> timeseries.Panel:
    about = (
        "How many certificates each metro lists. A line that falls steeply: objects are gone, or "
        "the token belongs to another account now. A line that ends: the metro is not read; "
        "one that falls by a shard's share: that shard does not read it.\n\n"
        + sections("UKCInventoryDropped", "UKCMetroEmpty")
    )
    query = over_time(queries.LISTED, "{{account}} {{metro}}")
    return graph("Certificates listed, by metro", about, query).unit("short").decimals(0)
