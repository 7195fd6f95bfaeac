"""The fleet: how many certificates need somebody, which, where, and what comes."""

from dashboards.source.promql import (
    DAY,
    EXPORTERS,
    IDENTITY,
    LOOKED,
    METRO,
    METROS,
    MISSED,
    NONE_FOUND,
    PARTIAL,
    RANKED,
    REPLICA,
    SEARCHING,
    SHARD,
    UNREAD_SHARDS,
    WHOLE,
    aggregate,
    certificate,
    found,
    of_account,
    once,
    part,
    sum_of,
    together,
    without_series,
)
from dashboards.source.severities import RANKS, STALE_SECONDS

#: Rows of the table at most: a row is a reason of a certificate.
ROWS = 300
#: Days that are looked ahead.
AHEAD = 90


# --- Tiles: each certificate once, by its most severe reason ---
def most_severe(severity: str) -> str:
    """How many certificates have this severity and no graver one."""
    graver = [s for s, rank in RANKS.items() if rank > RANKS[severity]]
    counted = once(found("attention", f'severity="{severity}"'))
    if graver:
        other = once(certificate("attention", f'severity=~"{"|".join(graver)}"'))
        counted = f"{counted} unless {other}"
    return sum_of(
        part("shown", f"count({counted})"),
        part("hidden", without_series(f'severity="{severity}"')),
    )


_ALL = f"sum({together(aggregate(''), 'state, renewal')})"
TOTAL = f"{_ALL} or count({once(found('info', SEARCHING))}) or {MISSED}"
_NEEDING = sum_of(
    part("shown", f"count({once(certificate('attention'))})"), part("hidden", without_series())
)
FINE = (
    f"clamp_min({_ALL} - ({_NEEDING}), 0)"
    f" or count({once(found('info', SEARCHING))} unless {once(certificate('attention'))})"
    f" or {NONE_FOUND}"
)

#: -1: no exporter answers at all.
NOT_SEEN = (
    f"count({PARTIAL}) or 0 * count(ukc_up{{{WHOLE}}}) or -1 * (count(up{{{EXPORTERS}}} == 0) > 0)"
)

_AGE = f"(time() - max by ({SHARD}) (ukc_last_success_timestamp_seconds{{{METROS}}}))"
_PATIENCE = (
    f"clamp_min(3 * max by ({SHARD}) (ukc_poll_interval_seconds{{{METROS}}}), {STALE_SECONDS})"
)
_OLD = f"{_AGE} > {_PATIENCE}"
OLD = f"max({_OLD})"
FRESH = f"max({_AGE}) unless on () ({_OLD})"

# --- The table: a row for each reason of each certificate, the most severe first ---
#: What the variables choose; a certificate that needs nothing has neither severity nor reason.
_SHOWN = ("severity=~`${severity:pipe}`", "reason=~`${reason:pipe}`")
_NEEDING_NOTHING = (
    f"({found('info', *_SHOWN)}) unless on (name, {REPLICA}) {certificate('attention')}"
)
_RANK = once(
    f"({found('attention', *_SHOWN)}) * {RANKED} or 0 * ({_NEEDING_NOTHING})",
    f"{IDENTITY}, reason, severity",
)
#: More than any time of a calendar of four digits has seconds.
STEP = 1_000_000_000_000
_EXPIRY = f"max by ({IDENTITY}) ({found('not_after_timestamp_seconds')})"
#: A rank's step less the moment of expiry: graver first, and then what expires sooner.
_TOP = (
    f"topk({ROWS}, {STEP:.0e} * {_RANK} - on ({IDENTITY}) group_left () {_EXPIRY}"
    f" or {STEP:.0e} * {_RANK})"
)
#: The reason once more, for what is shown in its place is the address of its runbook.
_NEEDED = of_account(f'label_replace({_TOP}, "runbook", "$1", "reason", "(.*)")')


def _remark(metros: str, text: str, reason: str) -> str:
    """A row above all others that says of these metros what the table does not show."""
    row = f'label_replace(9 * {STEP:.0e} + 0 * {metros}, "common_name", "{text}", "", "")'
    for label in ("reason", "runbook"):
        row = f'label_replace({row}, "{label}", "{reason}", "", "")'
    return row


_NOT_READ = "Partial: these metros are not read, or not by every shard"
_NOT_SHOWN = "Partial: others need attention, and have no series"
_REASONS = f"{METRO}, reason, severity"
_HIDDEN = (
    f"(sum by ({METRO}) ({together(aggregate('_attention'), 'reason, severity')})"
    f" > (count by ({METRO}) ({once(certificate('attention'), f'{IDENTITY}, reason, severity')})"
    f" or 0 * count by ({METRO}) (ukc_up{{{METROS}}})))"
)
NEEDED = (
    f"{_NEEDED} or {_remark(PARTIAL, _NOT_READ, 'not_read')}"
    f" or {_remark(_HIDDEN, _NOT_SHOWN, 'not_shown')}"
)
_LEFT = once(f"({found('not_after_timestamp_seconds')}) - time()")
NEEDED_DAYS = f"{_LEFT} / {DAY} + on ({IDENTITY}) group_right () 0 * {_TOP}"

# --- By reason ---
BY_REASON = (
    f"sum by (reason, severity) ({together(aggregate('_attention'), 'reason, severity')}) > 0"
    f" or count by (reason, severity)"
    f" ({once(found('attention', SEARCHING), f'{IDENTITY}, reason, severity')})"
)
REASON_COUNTS = f'label_replace({BY_REASON}, "runbook", "$1", "reason", "(.*)")'
#: That metros are not read is a reason not to believe the counts; it has none of its own.
_UNREAD = f'label_replace(4 + 0 * count({PARTIAL}), "reason", "not_read", "", "")'
REASON_RANKS = (
    f"label_replace((0 * ({BY_REASON}) + 1) * {RANKED} or {_UNREAD},"
    ' "runbook", "$1", "reason", "(.*)")'
)

# --- What comes ---
_AHEAD = f"({once(found('not_after_timestamp_seconds'))} - time() >= 0 < {AHEAD} * {DAY})"
#: By the moment, in milliseconds, at which each day begins that is counted from now.
EXPIRIES = f'count_values("day", {DAY}000 * floor({_AHEAD} / {DAY}) + 1000 * time())'

# --- By metro ---
_ZEROS = f"0 * max by ({METRO}) (ukc_last_success_timestamp_seconds{{{METROS}}} > 0)"


def _in_metro(metric: str, matcher: str) -> str:
    """What a metro counts, whatever is searched for; 0 for one that has none."""
    return f"{together(f'sum by ({REPLICA}) ({metric}{{{METROS}, {matcher}}})')} or {_ZEROS}"


def in_state(matcher: str) -> str:
    """Certificates of each metro in a state."""
    return _in_metro("ukc_certificates", matcher)


def reasons(severity: str) -> str:
    """Reasons of a severity in each metro."""
    return _in_metro("ukc_certificates_attention", f'severity="{severity}"')


UNREAD = UNREAD_SHARDS
OMITTED = _in_metro("ukc_certificates_omitted", 'reason=~"series|max_certificates"')

# --- Over time ---
REASONS_OVER_TIME = (
    f"sum by (severity) ({together(f'ukc_certificates_attention{{{METROS}}}', 'reason, severity')})"
)
LISTED = (
    f"sum by ({METRO}) (max by ({SHARD}) (ukc_certificates_listed{{{METROS}}}"
    f" and on ({REPLICA}) ukc_up{{{METROS}}} == 1))"
)
_EXPIRES = certificate("not_after_timestamp_seconds")
RENEWALS = (
    f"count(max by ({IDENTITY}) ({_EXPIRES})"
    f" > max by ({IDENTITY}) ({_EXPIRES} offset $__interval)) or {LOOKED}"
)
