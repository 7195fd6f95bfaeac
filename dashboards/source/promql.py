"""The words that queries are made of: certificates found by a search, and counted once.

Everything is read from the exporter's own series, so that no rule has to be loaded.
"""

from .severities import RANKS

#: One certificate, whichever replica shows it. `cluster` is there only where the targets have it.
IDENTITY = "cluster, job, account, metro, name, common_name"
DOMAIN = "cluster, job, account, common_name"
METRO = "cluster, job, account, metro"
#: Whose polls of a metro: `shard` is there only where several exporters share the certificates.
SHARD = METRO + ", shard"
REPLICA = "cluster, job, instance, pod, account, metro"

#: All replicas, whichever are chosen.
EXPORTERS = 'cluster=~"$cluster", job=~"$job"'
EXPORTER = EXPORTERS + ', instance=~"$instance"'
_CHOSEN = 'account=~"$account", metro=~"$metro"'
ANYWHERE = EXPORTER + ', account=~"$account"'
METROS = f"{EXPORTER}, {_CHOSEN}"
#: Of all replicas: what a shard does not see is not seen, whichever replica is chosen.
WHOLE = f"{EXPORTERS}, {_CHOSEN}"

#: A raw string: Grafana escapes what is searched for with single backslashes.
PATTERN = "`(?i:.*${search:regex}.*)`"
#: No series has a label `search`: the first selects while nothing is searched for, the second
#: while something is.
EVERYTHING = f"search=~{PATTERN}"
SEARCHING = f"search!~{PATTERN}"

DAY = "86400"


#: Each replica's `ukc_up` of a metro, without those that are outvoted: a replica that lost a metro
#: goes on showing its last look, and one that reads the metro outvotes it.
_UP = f"ukc_up{{{EXPORTER}}}"
READ = f"({_UP} == on ({SHARD}) group_left () max by ({SHARD}) ({_UP}))"


def once(expr: str, by: str = IDENTITY) -> str:
    """One series per certificate (or per `by`) from an expression over replicas."""
    return f"max by ({by}) (({expr}) and on ({REPLICA}) {READ})"


def together(expr: str, by: str = "") -> str:
    """One series per metro (and per `by`) from an expression over replicas that counts.

    Of replicas of one shard the greatest, and the sum over shards.
    """
    also = f", {by}" if by else ""
    sharded = f"{expr} + on ({REPLICA}) group_left (shard) 0 * {READ}"
    return f"sum by ({METRO}{also}) (max by ({SHARD}{also}) ({sharded}))"


def certificate(metric: str, *matchers: str) -> str:
    """`ukc_certificate_<metric>` of every certificate of the chosen metros."""
    return f"ukc_certificate_{metric}{{{', '.join((METROS, *matchers))}}}"


def found(metric: str, *matchers: str) -> str:
    """The same of those whose domain or name is searched for; of all where nothing is."""
    by_domain = certificate(metric, *matchers, f"common_name=~{PATTERN}")
    return f"{by_domain} or {certificate(metric, *matchers, f'name=~{PATTERN}', SEARCHING)}"


def aggregate(metric: str, *matchers: str) -> str:
    """`ukc_certificates<metric>`, which has no names: nothing where something is searched for."""
    return f"ukc_certificates{metric}{{{', '.join((METROS, *matchers, EVERYTHING))}}}"


def part(name: str, expr: str) -> str:
    """A number beside others of one sum."""
    return f'label_replace({expr}, "part", "{name}", "", "")'


def _rank(severity: str, rank: int) -> str:
    return f'label_replace(vector({rank}), "severity", "{severity}", "", "")'


#: Each severity's rank, to multiply what has a severity by.
RANKED = f"on (severity) group_left () ({' or '.join(_rank(s, n) for s, n in RANKS.items())})"

#: Zero where somebody has looked, nothing where nobody has: an exporter that is gone is not "0".
_SUCCESS = f"ukc_last_success_timestamp_seconds{{{METROS}}}"
LOOKED = f"0 * count({_SUCCESS} > 0)"
#: The same, and nothing where something is searched for.
_LOOKED_AT_ALL = f"0 * count(ukc_last_success_timestamp_seconds{{{METROS}, {EVERYTHING}}} > 0)"
#: -1: somebody has looked, and what is searched for is not there.
MISSED = f"{LOOKED} - 1"
#: The number of a search that found certificates, but none of those that are counted.
NONE_FOUND = f"0 * count({found('info', SEARCHING)}) or {MISSED}"


def sum_of(*parts: str) -> str:
    """The sum of numbers that may be missing; -1 where a search finds nothing at all."""
    return f"sum({' or '.join((*parts, _LOOKED_AT_ALL))}) or {NONE_FOUND}"


def without_series(*matchers: str) -> str:
    """Reasons of certificates that have no series of their own, none of them counted twice.

    The exporter counts the reasons of all; what is not shown is what is missing of that.
    """
    every = f"sum({together(aggregate('_attention', *matchers), 'reason, severity')})"
    shown = f"count({once(certificate('attention', *matchers), f'{IDENTITY}, reason, severity')})"
    return f"clamp_min({every} - ({shown} or {_LOOKED_AT_ALL}), 0)"


_SHARDS = f"max by (cluster, job) (ukc_exporter_shards{{{EXPORTERS}}})"
_SHARDS_READ = f"count by ({METRO}) (max by ({SHARD}) (ukc_up{{{WHOLE}}}) == 1)"
#: By how many shards each metro is not read, those that are gone included; 0 where all read it.
UNREAD_SHARDS = (
    f"({_SHARDS_READ} or 0 * count by ({METRO}) (ukc_up{{{WHOLE}}}))"
    f" * -1 + on (cluster, job) group_left () {_SHARDS}"
)
#: The metros that are not read by every shard.
PARTIAL = f"({UNREAD_SHARDS} > 0)"

_ACCOUNTS = f"count by (cluster, job, account) (ukc_up{{{METROS}}}) > bool 0"
_SEVERAL = f"count({_ACCOUNTS}) > 1"


def of_account(expr: str) -> str:
    """The same with the account as the label `of`, which is there only where there are several."""
    named = f'label_replace({_ACCOUNTS} and on () ({_SEVERAL}), "of", "$1", "account", "(.+)")'
    accounts = f"({named} or on (cluster, job, account) {_ACCOUNTS})"
    return f"({expr}) * on (cluster, job, account) group_left (of) {accounts}"
