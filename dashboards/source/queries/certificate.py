"""One domain: each of its certificates, how they came to this, and who uses them."""

from dashboards.source.promql import (
    ANYWHERE,
    DAY,
    DOMAIN,
    IDENTITY,
    METRO,
    METROS,
    PARTIAL,
    RANKED,
    REPLICA,
    of_account,
    once,
)

_DOMAIN, _MANUAL = 'common_name="$domain"', 'renewal="manual"'


def _of(metric: str, *matchers: str) -> str:
    """`ukc_certificate_<metric>` of the domain's certificates."""
    return f"ukc_certificate_{metric}{{{', '.join((METROS, _DOMAIN, *matchers))}}}"


# --- A row for each certificate and reason; the panel puts those of one certificate together ---
_REASONS = once(f"{_of('attention')} * {RANKED}", f"{IDENTITY}, reason")
_UNREAD = f'label_replace(4 + 0 * {PARTIAL}, "reason", "not_read", "", "")'
_PARTIAL = "Partial: not read by every shard"
#: 0 for one that needs nothing, and 4 for a metro of which something may be missing.
REASONS = of_account(
    f'label_replace({_REASONS} or label_replace({_UNREAD}, "name", "{_PARTIAL}", "", ""),'
    f' "runbook", "$1", "reason", "(.*)") or on ({IDENTITY}) 0 * {once(_of("info"))}'
)
STATE = once(f"{_of('state')} == 1", f"{IDENTITY}, state")
RENEWAL = once(_of("info"), f"{IDENTITY}, renewal")
DAYS_LEFT = f"{once(_of('not_after_timestamp_seconds') + ' - time()')} / {DAY}"
USED_BY = once(_of("service_groups"))
NEXT_ATTEMPT = once(f"{_of('validation_next_timestamp_seconds')} - time()")


# --- Drift: what was uploaded, in all metros of the account, whichever are chosen ---
def _anywhere(metric: str, *matchers: str) -> str:
    return f"ukc_certificate_{metric}{{{', '.join((ANYWHERE, _DOMAIN, *matchers))}}}"


_EXPIRY = f"max by ({IDENTITY}) ({_anywhere('not_after_timestamp_seconds')})"
#: Used by nothing, while another one of its metro lasts longer.
_LEFT_OVER = (
    f"(({_EXPIRY} < on ({METRO}) group_left () max by ({METRO}) ({_EXPIRY}))"
    f" and max by ({IDENTITY}) ({_anywhere('service_groups')}) == 0)"
)
_BY_HAND = (
    f"{_anywhere('not_after_timestamp_seconds')}"
    f" and on ({REPLICA}, name) {_anywhere('info', _MANUAL)}"
)
_UPLOADED = f"({once(_BY_HAND)} unless {_LEFT_OVER})"
#: Days by which each expires before the one that lasts longest.
BEHIND = (
    f"(max by ({DOMAIN}) {_UPLOADED} - on ({DOMAIN}) group_right () {_UPLOADED}) / {DAY}"
    f" and max by ({IDENTITY}) ({_of('info')})"
)

# --- Over time ---
GRAVEST = f"max by ({IDENTITY}) ({_REASONS}) or 0 * {once(_of('info'))}"
ATTEMPTS = once(_of("validation_attempts"))


def limit_days(severity: str) -> str:
    """Days that are left when the certificate becomes a warning, or critical."""
    moment = once(_of(f"{severity}_timestamp_seconds"))
    return f"({once(_of('not_after_timestamp_seconds'))} - {moment}) / {DAY}"


#: When each certificate in force began, in milliseconds.
ISSUED = f"1000 * {once(_of('not_before_timestamp_seconds'))}"

# --- What stood under this domain, and who uses it ---
_ISSUE = f"{METRO}, name, serial_number, issuer, subject, renewal, uuid"


def seen(function: str) -> str:
    """The first or last moment (`min` or `max`) of each issue within the range, in milliseconds."""
    sampled = f"timestamp({_of('info')})[$__range:$__interval]"
    return f"1000 * {function} by ({_ISSUE}) ({function}_over_time({sampled}))"


SERVICE_GROUPS = once(
    _of("service_group_info"), f"{METRO}, name, service_group, service_group_uuid"
)
