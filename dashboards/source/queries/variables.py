"""What the lists at the top of a dashboard ask for."""

from dashboards.source.promql import EXPORTER, RANKED, found

#: How many domains a list has at most.
DOMAINS_LISTED = 500

CLUSTERS = "label_values(ukc_exporter_build_info, cluster)"
JOBS = 'label_values(ukc_exporter_build_info{cluster=~"$cluster"}, job)'
INSTANCES = 'label_values(ukc_exporter_build_info{cluster=~"$cluster", job=~"$job"}, instance)'
ACCOUNTS = f"label_values(ukc_up{{{EXPORTER}}}, account)"
METRO_NAMES = f'label_values(ukc_up{{{EXPORTER}, account=~"$account"}}, metro)'
#: Those that need attention first, so that a long list ends among those that do not.
DOMAINS = (
    f"query_result(topk({DOMAINS_LISTED}, max by (common_name) ("
    f"({found('attention')}) * {RANKED} or 0 * ({found('info')}))))"
)
