"""One domain: what each of its certificates needs, how it came to this, and who uses it."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from exporter.judgement import COLOURS

from . import links, variables
from .board import board
from .columns import Column, arrange, runbook, severity, text
from .layout import closed, line, place, shown
from .panels import bands, graph, listing, over_time, rows
from .queries import certificate as queries
from .queries.variables import DOMAINS_LISTED
from .readings import SEVERITIES, from_on, neutral, thresholds
from .severities import DRIFT_SECONDS, colour
from .severities import runbook as sections

_WHERE = "{{account}} {{metro}} {{name}}"


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Everything that is known of one domain's certificates, in every metro that has them."
    new = board(links.CERTIFICATE, "UKC certificates / Certificate", about)
    searched = f"Narrows the list of domains, which ends after {DOMAINS_LISTED}."
    new.variables([*variables.common(), variables.search(searched), variables.domain()])
    new.links([links.to(links.FLEET), links.to(links.EXPORTER)])
    new.annotation(renewals())
    return place(
        new,
        shown(line(6, (24, certificates())), line(4, (24, severities())), line(8, (24, course()))),
        closed("Validation, and who uses it", line(8, (12, attempts()), (12, service_groups()))),
        closed("What stood under this domain", line(8, (24, issues()))),
    )


def renewals() -> AnnotationQuery:
    """A mark where each certificate that was ever in force begins."""
    mark = (
        AnnotationQuery()
        .name("Renewals")
        .datasource(variables.DATASOURCE)
        .enable(True)
        .icon_color(COLOURS["info"])
        .expr(queries.ISSUED)
        .step("1h")
        .title_format("Issued")
        .text_format("{{name}} in {{metro}}")
        .tag_keys("account,metro")
        .use_value_for_time(True)
    )
    mark.build().placement = None  # type: ignore[assignment]
    return mark


def certificates() -> table.Panel:
    """All that a tile could say, of each metro."""
    about = (
        "Each certificate of the domain, the most severe first. Click a reason for its section of "
        "the runbook. “Behind” is by how much an uploaded one expires before the newest in any "
        "metro: where it has a colour, upload the newest there too, then remove the old one. “-” "
        "in time left: never issued. “Next attempt”: mend the domain's DNS before it.\n\n"
        + sections("UKCCertificateDrift")
    )
    panel = listing(
        "The domain's certificates",
        about,
        *(
            rows(expr, ref)
            for expr, ref in (
                (queries.REASONS, "A"),
                (queries.STATE, "B"),
                (queries.RENEWAL, "C"),
                (queries.DAYS_LEFT, "D"),
                (queries.BEHIND, "E"),
                (queries.USED_BY, "F"),
                (queries.NEXT_ATTEMPT, "G"),
            )
        ),
    )
    lags = from_on(DRIFT_SECONDS / 86400, colour("UKCCertificateDrift"))
    columns = [
        severity(),
        Column("reason", "Reason", "uniqueValues", width=180, cell=text(), links=links.runbook()),
        Column("metro", "Metro", "groupby", width=60),
        Column("name", "Name", "groupby"),
        Column("state", "State", "uniqueValues", width=62, cell=text()),
        Column("Value #D", "Time left", "min", "suffix: d", 1, width=87, absent="-"),
        Column(
            "Value #E", "Behind", "max", "suffix: d", 1, 74, steps=lags, cell=text(), absent="-"
        ),
        Column("renewal", "Renewal", "uniqueValues", width=76, cell=text()),
        Column("Value #F", "In use by", "max", "short", 0, width=87, absent="unknown"),
        Column("Value #G", "Next attempt", "min", "s", 0, width=108, absent="-"),
        Column("of", "Account", "firstNotNull", width=90),
        Column("account", "Account", "groupby", hidden=True),
        runbook(),
    ]
    return arrange(panel, columns, [("Value #A", True), ("metro", False)])


def severities() -> statetimeline.Panel:
    about = (
        "Since when: the most severe reason of each certificate over time, by severity. "
        "A gap is a time in which the metro was not read, or the certificate did not exist."
    )
    panel = bands("Severity", about, over_time(queries.GRAVEST, _WHERE))
    return panel.mappings([SEVERITIES]).thresholds(thresholds(neutral()))


def course() -> timeseries.Panel:
    about = (
        "Days left over time. A healthy line jumps up before it meets “warning”: it was renewed. "
        "Below “warning” the renewal failed, or an upload is due; below “critical” somebody is "
        "paged if it is in use; below 0 it has expired. The marks at the bottom are renewals."
    )
    panel = graph(
        "Time left, and when it becomes too little",
        about,
        over_time(queries.DAYS_LEFT, f"{_WHERE} left", "A"),
        over_time(queries.limit_days("warning"), f"{_WHERE} warning", "B"),
        over_time(queries.limit_days("critical"), f"{_WHERE} critical", "C"),
    )
    for ref, name in (("B", "warning"), ("C", "critical")):
        panel.override_by_query(ref, _limit(COLOURS[name]))
    return panel.unit("suffix: d").decimals(1).no_value("never issued")


def _limit(name: str) -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue("color", {"mode": "fixed", "fixedColor": name}),
        DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
        DynamicConfigValue("custom.fillOpacity", 0),
    ]


def attempts() -> timeseries.Panel:
    about = (
        "Attempts of the running validation; 0 when none runs. "
        "It climbs: the domain does not point here, a CAA record forbids it, or a "
        "rate limit is hit. After the last one the state is error.\n\n"
        + sections("UKCCertificateValidationRetrying")
    )
    query = over_time(queries.ATTEMPTS, _WHERE)
    return graph("Validation attempts", about, query).unit("short").decimals(0)


def service_groups() -> table.Panel:
    about = (
        "Service groups that use the domain's certificates now: these are down when they expire. "
        "“none”: they are unused, or the API does not tell."
    )
    panel = listing("Service groups", about, rows(queries.SERVICE_GROUPS))
    columns = [
        Column("service_group", "Service group"),
        Column("service_group_uuid", "UUID"),
        Column("metro", "Metro", width=70),
    ]
    return arrange(panel, columns, [("service_group", False)])


def issues() -> table.Panel:
    about = (
        "Every certificate that stood under this domain within the time range: a new serial number "
        "is a renewal or an upload. The newest is in force. Two at a time under one name: two "
        "replicas of the exporter, one of them behind."
    )
    panel = listing(
        "Issues under this domain",
        about,
        rows(queries.seen("min"), "A"),
        rows(queries.seen("max"), "B"),
    )
    columns = [
        Column("metro", "Metro", width=70),
        Column("name", "Name"),
        Column("serial_number", "Serial number"),
        Column("issuer", "Issuer"),
        Column("renewal", "Renewal", width=90),
        Column("Value #A", "First seen", unit="dateTimeAsIso", width=165),
        Column("Value #B", "Last seen", unit="dateTimeAsIso", width=165),
    ]
    return arrange(panel, columns, [("Value #B", True)])
