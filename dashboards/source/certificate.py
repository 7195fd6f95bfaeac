"""One certificate: what it needs, how it came to this, who uses it, and how its twins fare."""

from grafana_foundation_sdk.builders import gauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard
from grafana_foundation_sdk.models.common import BigValueColorMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from . import links, queries, rules, variables
from .board import board
from .columns import Column, arrange, text
from .layout import Section, line, place
from .panels import bands, dial, graph, instant, limits_drawn, listing, over_time, rows, tile
from .readings import (
    STATES,
    VERDICTS,
    Steps,
    age_steps,
    attempt_steps,
    beyond,
    neutral,
    share_steps,
    thresholds,
    unknown,
    words,
)

_WHERE = "{{account}} {{metro}}"


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Everything that is known of one certificate, in every metro that has it."
    new = board(links.CERTIFICATE[0], "UKC certificates / Certificate", about)
    new.variables([*variables.common(), variables.search(), variables.name()])
    new.time("now-30d", "now")
    new.links([links.to(links.FLEET), links.to(links.EXPORTER)])
    new.annotation(renewals())
    return place(
        new,
        Section(
            None,
            (
                line(
                    5,
                    (4, verdict()),
                    (4, time_left()),
                    (4, lifetime_left()),
                    (4, due_in()),
                    (4, next_attempt()),
                    (4, data_age()),
                ),
            ),
        ),
        Section(
            "How it came to this, and who uses it",
            (
                line(6, (16, state()), (8, service_groups())),
                line(9, (16, course()), (8, attempts())),
            ),
        ),
        Section("What stood under this name", (line(7, (24, issues())),)),
        Section("The same domain elsewhere", (line(8, (24, drift())),)),
    )


def renewals() -> AnnotationQuery:
    """A mark where each certificate that was ever in force begins."""
    mark = (
        AnnotationQuery()
        .name("Renewals")
        .datasource(variables.DATASOURCE)
        .enable(True)
        .icon_color(rules.COLOURS["info"])
        .expr(queries.ISSUED)
        .step("1h")
        .title_format("Issued")
        .text_format("{{name}} in {{metro}}")
        .tag_keys("account,metro")
        .use_value_for_time(True)
    )
    mark.build().placement = None  # type: ignore[assignment]
    return mark


def verdict() -> stat.Panel:
    about = (
        "What the alerts make of it now, one tile per metro. “OK” needs nothing. Anything else: "
        "the runbook has a page for it, and the panels below say since when."
    )
    panel = tile("Verdict", about, instant(queries.verdict(queries.ONE, queries.ONE), _WHERE))
    return panel.mappings([words(VERDICTS), unknown()]).thresholds(thresholds(neutral()))


def time_left() -> stat.Panel:
    about = (
        "Days until it expires, negative once it has. Without colour: whether that is little "
        "depends on the lifetime, which is the next panel. “never issued”: there is no expiry yet."
    )
    panel = tile("Time left", about, instant(queries.days_left(queries.ONE), _WHERE))
    panel.unit("suffix: d").decimals(1).color_mode(BigValueColorMode.VALUE)
    panel.thresholds(thresholds(neutral(below_zero=rules.colour("UKCCertificateExpired"))))
    return panel.mappings([unknown("never issued")]).no_value("never issued")


def lifetime_left() -> gauge.Panel:
    about = (
        "The share of its lifetime that is left, which says the same for 6, 45 and 90 days. "
        "Not green: an automatic certificate should have been renewed; see attempts and DNS. "
        "An uploaded one goes by days: see the verdict."
    )
    panel = dial("Lifetime left", about, instant(queries.share_left(queries.ONE), _WHERE))
    panel.decimals(0).thresholds(thresholds(share_steps()))
    return panel.mappings([unknown("never issued")]).no_value("never issued")


def due_in() -> stat.Panel:
    about = (
        "Days until the platform renews it (a third of the lifetime left), or, if nobody does so "
        "automatically, until you have to. Negative: it is late; the alerts wait a little longer."
    )
    panel = tile("Renewal due in", about, instant(queries.DUE_IN, _WHERE))
    panel.unit("suffix: d").decimals(1).color_mode(BigValueColorMode.VALUE)
    late = rules.colour("UKCCertificateRenewalOverdue")
    panel.thresholds(thresholds(neutral(below_zero=late)))
    return panel.mappings([unknown("not before it is issued")]).no_value("not before it is issued")


def next_attempt() -> stat.Panel:
    about = (
        "Time until the platform validates the domain again, while the certificate is pending. "
        "“none”: no validation runs; in state error none will. To use the next attempt, mend the "
        "domain's DNS before it."
    )
    panel = tile("Next attempt in", about, instant(queries.NEXT_ATTEMPT, _WHERE)).unit("s")
    panel.color_mode(BigValueColorMode.NONE).thresholds(thresholds(neutral()))
    return panel.mappings([unknown("none")]).no_value("none")


def data_age() -> stat.Panel:
    about = (
        "How long ago the exporter read the metro of this certificate. "
        "Not green: what you see is that old; open Exporter and API.\n\nRunbook: UKCDataStale."
    )
    panel = tile("Age of the data", about, instant(queries.ONE_AGE, _WHERE)).unit("s").decimals(0)
    never = beyond(1e9, "never read", rules.COLOURS["critical"])
    return panel.mappings([never, unknown()]).thresholds(thresholds(age_steps()))


def state() -> statetimeline.Panel:
    about = (
        "The state over time, a band per metro. Pending in the middle of a valid life is a "
        "renewal; pending from the start, or error, means that services wait. "
        "Error: nothing more happens by itself."
    )
    panel = bands("State", about, over_time(queries.state_code(queries.ONE), _WHERE))
    return panel.mappings([words(STATES)]).thresholds(thresholds(neutral()))


def course() -> timeseries.Panel:
    about = (
        "Days left over time. A healthy line falls to “renewal due” and jumps up again. "
        "Below “warning” the renewal failed; below “critical” somebody is paged if it is in use; "
        "below 0 it has expired. The marks at the bottom are renewals."
    )
    panel = graph(
        "Time left, and when it becomes too little",
        about,
        over_time(queries.days_left(queries.ONE), f"{_WHERE} left", "A"),
        over_time(queries.limit_days(queries.RENEWAL_DUE), f"{_WHERE} renewal due", "B"),
        over_time(queries.limit_days(queries.ONE.limit("warning")), f"{_WHERE} warning", "C"),
        over_time(queries.limit_days(queries.ONE.limit("critical")), f"{_WHERE} critical", "D"),
    )
    for ref, name in (
        ("B", rules.OK),
        ("C", rules.colour("UKCCertificateRenewalOverdue")),
        ("D", rules.colour("UKCCertificateExpiryImminent")),
    ):
        panel.override_by_query(ref, _limit(name))
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
        f"{rules.ATTEMPTS} or more: the domain does not point here, a CAA record forbids it, or a "
        "rate limit is hit. After the last one the state is error.\n\n"
        "Runbook: UKCCertificateValidationRetrying."
    )
    query = over_time(queries.attempts(queries.ONE), _WHERE)
    panel = graph("Validation attempts", about, query).unit("short").decimals(0)
    return limits_drawn(panel, attempt_steps())


def issues() -> table.Panel:
    about = (
        "Every certificate that stood under this name within the time range: a new serial number "
        "is a renewal or an upload. The newest is in force. Two at a time in one metro: two "
        "replicas of the exporter, one of them behind."
    )
    panel = listing(
        "Issues under this name",
        about,
        rows(queries.seen("min"), "A"),
        rows(queries.seen("max"), "B"),
    )
    columns = [
        Column("account", "Account", width=90),
        Column("metro", "Metro", width=80),
        Column("serial_number", "Serial number"),
        Column("subject", "Subject"),
        Column("issuer", "Issuer"),
        Column("renewal", "Renewal", width=95),
        Column("uuid", "UUID"),
        Column("Value #A", "First seen", "dateTimeAsIso", width=170),
        Column("Value #B", "Last seen", "dateTimeAsIso", width=170),
    ]
    return arrange(panel, columns, [("Value #B", True)])


def service_groups() -> table.Panel:
    about = (
        "Service groups that use it now: these are down when it expires. "
        "“none”: it is unused; delete it, or attach it to what it is for."
    )
    panel = listing("Service groups", about, rows(queries.SERVICE_GROUPS))
    columns = [
        Column("service_group", "Service group"),
        Column("service_group_uuid", "UUID"),
        Column("metro", "Metro", width=80),
    ]
    return arrange(panel, columns, [("service_group", False)])


def drift() -> table.Panel:
    about = (
        "All certificates of this common name in all metros of the account, soonest expiry first. "
        "“Ahead” is how much later than the soonest each expires. More than an hour among uploaded "
        "ones is drift: upload the newest to every metro, then remove the old one.\n\n"
        "Runbook: UKCCertificateDrift."
    )
    panel = listing(
        "Certificates of the same domain, by metro",
        about,
        rows(queries.DOMAIN_EXPIRY, "A"),
        rows(queries.DOMAIN_AHEAD, "B"),
        rows(queries.DOMAIN_USED_BY, "C"),
        rows(queries.DOMAIN_SERIAL, "D"),
    )
    apart: Steps = [
        (None, rules.PLAIN),
        (float(rules.DRIFT_SECONDS) / 86400, rules.colour("UKCCertificateDrift")),
    ]
    columns = [
        Column("metro", "Metro", width=90),
        Column("common_name", "Domain"),
        Column("name", "Name", links=links.detail()),
        Column("account", "Account", width=90),
        Column("Value #A", "Expires", "dateTimeAsIso", width=170, absent="never issued"),
        Column("Value #B", "Ahead", "suffix: d", 1, width=90, steps=apart, cell=text(), absent="-"),
        Column("Value #C", "In use by", "short", 0, width=90),
        Column("issuer", "Issuer"),
        Column("serial_number", "Serial number"),
    ]
    return arrange(panel, columns, [("Value #A", False)])
