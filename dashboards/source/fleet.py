"""The fleet overview: do I have to do something now, where, and what comes next?"""

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import BarAlignment, BigValueColorMode

from . import links, queries, rules, variables
from .board import board
from .columns import Column, arrange, bar, coloured, severity, text
from .layout import Section, line, place
from .panels import bars, graph, instant, listing, over_time, rows, tile
from .readings import (
    OFF,
    STATES,
    VERDICTS,
    Steps,
    age_steps,
    always,
    attempt_steps,
    beyond,
    neutral,
    none_good,
    share_steps,
    thresholds,
    unknown,
    words,
)


def dashboard() -> Dashboard:
    """The dashboard as a table of contents."""
    about = "Which certificates of all metros need a person now, and which will."
    new = board(links.FLEET[0], "UKC certificates / Fleet", about)
    new.variables([*variables.common(), variables.name_contains(), variables.urgent()])
    new.links([links.to(links.CERTIFICATE), links.to(links.EXPORTER)])
    return place(
        new,
        Section(
            None,
            (
                line(
                    4,
                    (4, expired()),
                    (4, imminent()),
                    (4, failed()),
                    (4, never_issued()),
                    (4, overdue()),
                    (4, expiring_soon()),
                ),
                line(3, (8, next_expiry()), (8, data_age()), (8, without_series())),
                line(12, (24, certificates())),
            ),
        ),
        Section("What fires, and where", (line(9, (14, firing()), (10, states())),)),
        Section(
            "What comes, and what went",
            (line(8, (24, expiries())), line(8, (12, renewals()), (12, inventory()))),
        ),
    )


#: What the tiles of facts do about certificates that no panel can name.
_HIDDEN = (
    "Certificates without series are counted from their metro's totals, left-overs too, "
    "while no name is chosen; else they are unknown."
)


def _count(title: str, alert: str, about: str, query: str) -> stat.Panel:
    text = f"{about}\n\n{_HIDDEN} Grey: no metro has been read yet. Runbook: {alert}."
    panel = tile(title, text, instant(query)).mappings([unknown(), words(OFF)])
    return panel.thresholds(thresholds(none_good(rules.colour(alert))))


def _judged(title: str, alert: str, about: str, query: str) -> stat.Panel:
    """A number that only the alert rules know."""
    missing = "load the rules"
    text = (
        f"{about}\n\nOnly certificates with series are judged; “Without series” counts the others. "
        "Grey: no certificate has series, or the alert rules are not loaded in this Prometheus. "
        f"Runbook: {alert}."
    )
    panel = _count(title, alert, text, query).description(text)
    return panel.mappings([unknown(missing), words(OFF)]).no_value(missing)


def expired() -> stat.Panel:
    about = (
        "Certificates past their expiry; those whose place another one took are not counted. "
        "Not green: clients refuse these domains. Upload a new certificate, or find out in the "
        "table below why the renewal failed."
    )
    return _count("Expired", "UKCCertificateExpired", about, queries.EXPIRED)


def imminent() -> stat.Panel:
    about = (
        "In use, and nearly no time left: "
        f"less than {rules.percent(rules.CRITICAL_SHARE)} of the lifetime if automatic or "
        f"short-lived, less than {rules.CRITICAL_DAYS} days if uploaded. "
        "Not green: renew or upload today, the next step is an outage."
    )
    return _judged("Imminent", "UKCCertificateExpiryImminent", about, queries.IMMINENT)


def failed() -> stat.Panel:
    about = (
        "State `error`: the platform gave up and will not try again by itself. "
        "Not green: mend the cause (often DNS), then delete the certificate and request it anew."
    )
    return _count("Failed", "UKCCertificateError", about, queries.FAILED)


def never_issued() -> stat.Panel:
    about = (
        "Pending without ever having been issued; a pending renewal is not counted. "
        "Not green: services that use them cannot be reached. It passes by itself within "
        "minutes; when it stays, look at the attempts in the table and at the domain's DNS."
    )
    return _count("Never issued", "UKCCertificateIssuancePending", about, queries.NEVER_ISSUED)


def overdue() -> stat.Panel:
    about = (
        f"Automatic, with less than {rules.percent(rules.WARNING_SHARE)} of the lifetime left: "
        "the renewal that was due did not happen. "
        "Not green: see why in the table; there is still time to mend it in working hours."
    )
    return _judged("Renewal overdue", "UKCCertificateRenewalOverdue", about, queries.OVERDUE)


def expiring_soon() -> stat.Panel:
    about = (
        "Uploaded or wildcard certificates, which nobody renews by itself, with less than "
        f"{rules.WARNING_DAYS} days (or a third of a shorter life) left. "
        "Not green: get a new one and upload it to every metro that has the old one."
    )
    return _judged("Expiring soon", "UKCCertificateExpiringSoon", about, queries.SOON)


def next_expiry() -> stat.Panel:
    about = (
        "Time until the next certificate in use expires, healthy or not. It has no colour, because "
        "a few days are normal for a short-lived certificate: judge it by the tiles above. "
        "Sooner than expected: the table has its row. Certificates without series are not known."
    )
    panel = tile("Next expiry", about, instant(queries.NEXT_EXPIRY)).unit("suffix: d").decimals(1)
    panel.color_mode(BigValueColorMode.NONE).thresholds(thresholds(neutral()))
    return panel.mappings([unknown("none"), words(OFF)]).no_value("none")


def data_age() -> stat.Panel:
    about = (
        "Age of the oldest look at any metro; every number here is that old for that metro. "
        "Not green: the exporter cannot read it; open Exporter and API. After `stale_after` (1 h) "
        "that metro's certificates leave all panels.\n\nRunbook: UKCDataStale."
    )
    panel = tile("Age of the data", about, instant(queries.DATA_AGE)).unit("s").decimals(0)
    never = beyond(1e9, "never read", rules.COLOURS["critical"])
    return panel.mappings([never, unknown()]).thresholds(thresholds(age_steps()))


def without_series() -> stat.Panel:
    about = (
        "Certificates that `series` or `max_certificates` leaves without series of their own. "
        "With `attention` they are plainly healthy. With `none` nobody judges them: the tiles "
        "above count what has expired, failed or was never issued, and two alerts watch for an "
        "expiry within a day and for failures. No row, name or day of theirs is anywhere here."
        "\n\nRunbook: UKCOmittedCertificatesExpiring, UKCOmittedCertificatesError."
    )
    panel = tile("Without series", about, instant(queries.OMITTED))
    return panel.color_mode(BigValueColorMode.NONE).thresholds(thresholds(neutral()))


def certificates() -> table.Panel:
    """The queue. All questions are about the names in the hidden variable `urgent`."""
    about = (
        f"The {queries.TOP} most urgent certificates, worst first; narrow it with "
        "“Name contains”. Click a name for its history. Verdicts are those of the alerts; "
        "“Left over” is unused and replaced by another. “-” in time left: never issued. "
        "Certificates without series have no row."
    )
    of = queries.URGENT
    panel = listing(
        "Certificates, most urgent first",
        about,
        rows(queries.verdict(of, queries.FLEET), "A"),
        rows(queries.state_code(of), "B"),
        rows(queries.days_left(of), "C"),
        rows(queries.share_left(of), "D"),
        rows(queries.used_by(of), "E"),
        rows(queries.attempts(of), "F"),
        rows(queries.issued_by(of), "G"),
    )
    columns = [
        Column("Value #A", "Verdict", width=120, mapping=words(VERDICTS), cell=coloured()),
        Column("common_name", "Domain"),
        Column("name", "Name", links=links.detail()),
        Column("account", "Account", width=90),
        Column("metro", "Metro", width=80),
        Column("Value #B", "State", width=80, mapping=words(STATES), cell=text()),
        Column("Value #C", "Time left", "suffix: d", 1, width=95, absent="-"),
        Column(
            "Value #D",
            "Lifetime left",
            "percentunit",
            0,
            width=150,
            cell=bar(),
            maximum=1,
            steps=share_steps(),
            absent="-",
        ),
        Column("renewal", "Renewal", width=95),
        Column("Value #E", "In use by", "short", 0, width=85),
        Column("issuer", "Issuer", width=190),
        Column("Value #F", "Attempts", "short", 0, width=85, steps=attempt_steps(), cell=text()),
    ]
    panel.no_value("none with series of its own")
    return arrange(panel, columns, [("Value #A", True), ("Value #C", False)])


def firing() -> table.Panel:
    about = (
        "Alerts that fire now, the gravest first; “none” is good. "
        "Not empty: each has a page in the runbook under its name. A row that says that the rules "
        "are not loaded means that nothing can fire: load `alerts/*.rules.yaml` into Prometheus. "
        f"At most {queries.TOP} rows."
    )
    panel = listing("Firing alerts", about, rows(queries.FIRING))
    columns = [
        severity(),
        Column("alertname", "Alert"),
        Column("account", "Account", width=90),
        Column("metro", "Metro", width=80),
        Column("shard", "Shard", width=70),
        Column("name", "Certificate", links=links.detail()),
        Column("Value", "Since", "dateTimeFromNow", width=130),
    ]
    return arrange(panel, columns, [("severity", False), ("Value", True)])


def states() -> table.Panel:
    about = (
        "How many certificates of each metro are in each state, with or without series, whatever "
        "name is chosen. Errors in one metro only point at "
        "that metro; errors of one domain in all metros point at its DNS. "
        "Click a metro to see its certificates only."
    )
    known = "|".join(name for name, _ in STATES.values() if name != "other")
    panel = listing(
        "States by metro",
        about,
        rows(queries.in_state('state="valid"'), "A"),
        rows(queries.in_state('state="pending"'), "B"),
        rows(queries.in_state('state="error"'), "C"),
        rows(queries.in_state(f'state!~"{known}"'), "D"),
    )
    bad: Steps = [(None, rules.PLAIN), (1, rules.COLOURS["critical"])]
    waiting: Steps = [(None, rules.PLAIN), (1, rules.COLOURS["info"])]
    columns = [
        Column("account", "Account"),
        Column("metro", "Metro", links=links.metro()),
        Column("Value #A", "Valid", "short", 0, width=80),
        Column("Value #B", "Pending", "short", 0, width=80, steps=waiting, cell=text()),
        Column("Value #C", "Error", "short", 0, width=80, steps=bad, cell=text()),
        Column("Value #D", "Other", "short", 0, width=80),
    ]
    return arrange(panel, columns, [("Value #C", True), ("metro", False)])


_NOT_COUNTED = "no metro is read, or series are off"


def expiries() -> timeseries.Panel:
    about = (
        "How many certificates, as they are now, expire on each of the next 90 days (UTC). "
        "Automatic ones are renewed before their day comes, so only near bars matter: "
        "a bar within the next days, or a tall one of uploads, wants a plan. "
        "The days ahead are shown while the dashboard's time range is relative. "
        "Certificates without series are not counted."
    )
    panel = bars("Expiries ahead, per day", about, over_time(queries.EXPIRIES, "certificates"))
    panel.no_value(_NOT_COUNTED)
    panel.bar_alignment(BarAlignment.AFTER).interval("1d").time_from("+90d")
    return panel.color_scheme(always(rules.COLOURS["info"]))


def renewals() -> timeseries.Panel:
    about = (
        "Certificates whose expiry moved later (renewed, or replaced under the same name), "
        "for each twelve hours of the last 30 days. "
        "No bars for days in a fleet that used to have them: renewal has stopped, look at the "
        "overdue ones; a single tall bar repeats itself one lifetime later. "
        "Certificates without series are not counted."
    )
    panel = bars("Renewals seen, per 12 hours", about, over_time(queries.RENEWALS, "certificates"))
    panel.no_value(_NOT_COUNTED)
    panel.bar_alignment(BarAlignment.BEFORE).interval("12h").time_from("30d").max_data_points(60)
    return panel.color_scheme(always(rules.OK))


def inventory() -> timeseries.Panel:
    about = (
        "How many certificates each metro lists. A line that falls steeply: objects are gone, or "
        "the token belongs to another account now. A line that ends: the metro is not read; "
        "one that falls by a shard's share: that shard does not read it.\n\n"
        "Runbook: UKCInventoryDropped."
    )
    query = over_time(queries.LISTED, "{{account}} {{metro}}")
    return graph("Certificates listed, by metro", about, query).unit("short").decimals(0)
