"""The variables at the top of a dashboard, from wide to narrow."""

from grafana_foundation_sdk.builders.dashboard import (
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from . import queries

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_NAME_OF_RESULT = '/[{,]name="([^"]+)"/'


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
        .definition(query)
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


def name_contains() -> TextBoxVariable:
    """A filter on names that asks Prometheus for no list of them."""
    return (
        TextBoxVariable("name")
        .label("Name contains")
        .description("Part of the certificate's name, or a regular expression; empty for all.")
        .default_value("")
        .current(VariableOption(text="", value="", selected=True))
    )


def search() -> TextBoxVariable:
    """What narrows the list of names."""
    return (
        TextBoxVariable("search")
        .label("Search")
        .description(f"Narrows the list of names, which ends after {queries.NAMES}.")
        .default_value("")
        .current(VariableOption(text="", value="", selected=True))
    )


def name() -> QueryVariable:
    """One certificate. Not refreshed with the time range, or one that came by a link and stands
    beyond the end of the list would be exchanged for another."""
    about = "The certificate; type into Search where the list is long."
    return (
        _query("name", "Certificate", about, queries.FOUND)
        .regex(_NAME_OF_RESULT)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
    )


def urgent() -> QueryVariable:
    """The names that the table asks for, so that its queries stay small in a large fleet."""
    about = f"The {queries.TOP} most urgent names."
    variable = _several(_query("urgent", "Most urgent", about, queries.MOST_URGENT))
    variable.regex(_NAME_OF_RESULT).sort(VariableSort.DISABLED).hide(VariableHide.HIDE_VARIABLE)
    model: VariableModel = variable.build()
    model.skip_url_sync = True
    return variable


def common() -> list[DatasourceVariable | QueryVariable]:
    """Those that every dashboard has."""
    return [datasource(), cluster(), job(), instance(), account(), metro()]
