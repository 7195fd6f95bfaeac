"""The alerts that fire: those about a domain together, and those about a metro or an exporter."""

from dashboards.source.promql import EVERYTHING, METROS, PATTERN, RANKED, SEARCHING

#: Alerts about a metro or an exporter lack labels, and are shown whatever is chosen.
_OURS = 'cluster=~"$cluster", job=~"$job", account=~"$account|", metro=~"$metro|"'
_OURS += ', alertname=~"UKC.+"'
#: Whether an alert is about one certificate.
_ABOUT_ONE, _ABOUT_NONE = 'name!=""', 'name=""'


def _firing(function: str, series: str, state: str = "") -> str:
    """A number for each alert and domain, and for each alert that is about no certificate."""

    def chosen(*matchers: str) -> str:
        return f"{series}{{{_OURS}{state}, {', '.join(matchers)}}}"

    of_domains = (
        f"{chosen(f'common_name=~{PATTERN}', _ABOUT_ONE)}"
        f" or {chosen(f'name=~{PATTERN}', SEARCHING)}"
    )
    return (
        f"{function} by (alertname, severity, account, common_name) ({of_domains})"
        f" or {function} by (alertname, severity, account, metro, shard)"
        f" ({chosen(_ABOUT_NONE, EVERYTHING)})"
    )


_FIRING = _firing("count", "ALERTS", ', alertstate="firing"')
#: Alerts and the certificates that say which there should be disagree: nobody evaluates rules.
RULES_MISSING = "Nothing fires, though certificates need it: load the alert rules"
_MISSING = (
    f"label_replace(label_replace(count(ukc_certificate_attention{{{METROS},"
    f' severity=~"critical|warning"}}) unless on () ALERTS{{{_OURS}}},'
    f' "alertname", "{RULES_MISSING}", "", ""), "severity", "warning", "", "")'
)
#: The name once more, for what is shown in its place is the address of its runbook.
COUNTS = f'label_replace({_FIRING} or {_MISSING}, "runbook", "$1", "alertname", "(.*)")'
RANKS = f"(0 * ({COUNTS}) + 1) * {RANKED}"
_SINCE = _firing("min", "ALERTS_FOR_STATE")
SINCE = f'1000 * label_replace({_SINCE}, "runbook", "$1", "alertname", "(.*)") and {COUNTS}'
