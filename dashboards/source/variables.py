"""The variables at the top of a dashboard, from wide to narrow."""

from grafana_foundation_sdk.builders.dashboard import (
    CustomVariable,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from exporter.judgement import REASONS

from .queries import variables as queries
from .severities import RANKS

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_DOMAIN_OF_RESULT = '/common_name="([^"]*)"/'


def datasource() -> DatasourceVariable:
    """Which Prometheus."""
    return (
        DatasourceVariable("datasource")
        .label("Data source")
        .description("The Prometheus that scrapes the exporter.")
        .type("prometheus")
        .current(VariableOption(text="default", value="default", selected=True))
    )


def _query(name: str, label: str, description: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"variable-{name}"})
        .sort(VariableSort.ALPHABETICAL_ASC)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def _several(variable: QueryVariable, all_value: str | None = None) -> QueryVariable:
    variable.multi(True).include_all(True)
    variable.current(VariableOption(text="All", value="$__all", selected=True))
    return variable.all_value(all_value) if all_value is not None else variable


def cluster() -> QueryVariable:
    """Hidden: most set-ups have no such label, and `.*` matches a label that is not there."""
    about = "The external or target label `cluster`, where there is one. Set it as ?var-cluster=…"
    return _several(_query("cluster", "Cluster", about, queries.CLUSTERS), ".*").hide(
        VariableHide.HIDE_VARIABLE
    )


def job() -> QueryVariable:
    """No custom "all": `up` and the process metrics of other jobs must stay out."""
    about = "The scrape job of the exporter."
    return _several(_query("job", "Job", about, queries.JOBS))


def instance() -> QueryVariable:
    """Replicas of the exporter."""
    about = "One replica of the exporter; certificates are counted once with all of them too."
    return _several(_query("instance", "Instance", about, queries.INSTANCES), ".*")


def account() -> QueryVariable:
    """Accounts as the exporter's configuration names them."""
    about = "The account, as the exporter's configuration names it."
    return _several(_query("account", "Account", about, queries.ACCOUNTS), ".*")


def metro() -> QueryVariable:
    """Metros of these accounts."""
    about = "The metro, as the exporter's configuration names it."
    return _several(_query("metro", "Metro", about, queries.METRO_NAMES), ".*")


def search(about: str) -> TextBoxVariable:
    """Part of a domain or a name, as it is: queries escape it and take no notice of case."""
    return (
        TextBoxVariable("search")
        .label("Search")
        .description(about)
        .default_value("")
        .current(VariableOption(text="", value="", selected=True))
    )


def domain() -> QueryVariable:
    """One domain. Not refreshed with the time range, or one that came by a link and stands
    beyond the end of the list would be exchanged for another."""
    about = "The domain; type into Search where the list is long."
    return (
        _query("domain", "Domain", about, queries.DOMAINS)
        .sort(VariableSort.DISABLED)
        .regex(_DOMAIN_OF_RESULT)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
    )


def _choice(name: str, label: str, about: str, values: dict[str, str]) -> CustomVariable:
    """Some of these values, by their texts. What is chosen goes into queries as `${name:pipe}`."""
    texts = ",".join(
        text if text == value else f"{text} : {value}" for text, value in values.items()
    )
    variable = CustomVariable(name).label(label).description(about).values(texts).multi(True)
    # The SDK has no methods for these.
    variable.build().include_all = True
    variable.build().all_value = ".*"
    return variable


#: As an alternative of a regular expression it also matches series that have no severity.
FINE = "ok|"


def severity() -> CustomVariable:
    """What the table shows; at first whatever needs somebody."""
    about = "Severities of the table. OK: what needs nothing."
    needed = list(RANKS)
    return _choice("severity", "Severity", about, {**{s: s for s in needed}, "OK": FINE}).current(
        VariableOption(text=needed, value=needed, selected=True)
    )


def reason() -> CustomVariable:
    """Why the table's certificates need somebody."""
    about = "Reasons of the table; the runbook has a section for each."
    return _choice("reason", "Reason", about, {r.name: r.name for r in REASONS}).current(
        VariableOption(text="All", value="$__all", selected=True)
    )


def common() -> list[DatasourceVariable | QueryVariable]:
    """Those that every dashboard has."""
    return [datasource(), cluster(), job(), instance(), account(), metro()]
