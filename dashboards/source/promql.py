"""The words that queries are made of: certificates counted once, and what is said of them.

Facts come from the exporter's metrics, judgements from the series that the alert rules record.
"""

import dataclasses

#: One certificate, whichever replica shows it. `cluster` is there only where the targets have it.
IDENTITY = "cluster, job, account, metro, name, common_name"
METRO = "cluster, job, account, metro"
#: Whose polls of a metro: `shard` is there only where several exporters share the certificates.
SHARD = METRO + ", shard"
REPLICA = "cluster, job, instance, pod, account, metro"

_JOB = 'cluster=~"$cluster", job=~"$job"'
#: All replicas, whichever are chosen.
EXPORTERS = _JOB
EXPORTER = _JOB + ', instance=~"$instance"'
_METROS = ', account=~"$account", metro=~"$metro"'
METROS = EXPORTER + _METROS
RECORDED_METROS = _JOB + _METROS

#: Zero where somebody has looked, nothing where nobody has: an exporter that is gone is not "0".
LOOKED = f"0 * count(ukc_last_success_timestamp_seconds{{{METROS}}} > 0)"
#: There where the alert rules are evaluated, and nothing where they are not loaded.
RULES = f"metro:ukc_up:max{{{RECORDED_METROS}}}"
JUDGED = f"{LOOKED} and on () {RULES}"

DAY = "86400"

_OMITTED = 'reason=~"series|max_certificates"'


def in_force(expr: str) -> str:
    """An expression over replicas, without those whose look at a metro is outvoted.

    A replica that lost a metro goes on showing its last look; one that sees the metro outvotes it.
    """
    return f"({expr}) unless on ({REPLICA}) replica:ukc_up:outvoted{{{RECORDED_METROS}}}"


def once(expr: str, by: str = IDENTITY) -> str:
    """One series per certificate (or per `by`) from an expression over replicas."""
    return f"max by ({by}) ({in_force(expr)})"


# --- Certificates without series of their own ---
def together(expr: str) -> str:
    """One series per metro from an expression over replicas that counts: of replicas of one shard
    the greatest, and the sum over shards."""
    sharded = f"({in_force(expr)}) + on ({REPLICA}) group_left (shard) 0 * ukc_up{{{METROS}}}"
    return f"sum by ({METRO}) (max by ({SHARD}) ({sharded}))"


def total(*matchers: str) -> str:
    """Certificates by replica, those without series included."""
    return f"sum by ({REPLICA}) (ukc_certificates{{{', '.join((METROS, *matchers))}}})"


def ending(days: str, *matchers: str) -> str:
    """Those with so many days left or less by replica; a bucket of the totals has that bound."""
    labels = ", ".join((METROS, f'le="{days}"', *matchers))
    return f"sum by ({REPLICA}) (ukc_certificates_expiry_days_bucket{{{labels}}})"


def omitted() -> str:
    """Certificates without series by replica; what is filtered was asked not to be looked at."""
    return f"sum by ({REPLICA}) (ukc_certificates_omitted{{{METROS}, {_OMITTED}}})"


def hidden(count: str) -> str:
    """How many of `count`, an expression over replicas, are shown nowhere, at least.

    More of them than certificates are shown: some must be hidden. None where all are shown, and
    none with `attention`, which shows whatever is in trouble.
    """
    return f"sum({together(f'clamp_min({count} - ({total()} - {omitted()}), 0)')})"


def nothing_shown(at: str = "") -> str:
    """-1 where there are certificates and none of them has series; nothing otherwise."""
    every = f"sum(ukc_certificates{{{METROS}}}{at})"
    hidden = f"sum(ukc_certificates_omitted{{{METROS}, {_OMITTED}}}{at})"
    return f"(-1 + 0 * ({every} == {hidden} > 0))"


@dataclasses.dataclass(frozen=True)
class Certificates:
    """The certificates with these names. Facts are expressions over replicas, for `once`;
    judgements have one series per certificate already."""

    names: str
    metros: str = METROS
    recorded_metros: str = RECORDED_METROS

    def metric(self, name: str, *matchers: str) -> str:
        """A selector on `ukc_certificate_<name>`."""
        labels = ", ".join((self.metros, self.names, *matchers))
        return f"ukc_certificate_{name}{{{labels}}}"

    def _recorded(self, name: str) -> str:
        labels = f"{self.recorded_metros}, {self.names}"
        return f"certificate:ukc_certificate_{name}{{{labels}}}"

    # --- Facts ---
    @property
    def not_after(self) -> str:
        """When it expires; absent before it was issued, so that nothing expires in 1970."""
        return self.metric("not_after_timestamp_seconds")

    @property
    def left(self) -> str:
        """Seconds until it expires."""
        return f"{self.not_after} - time()"

    @property
    def lifetime(self) -> str:
        """Seconds from not_before to not_after."""
        return f"({self.not_after} - {self.metric('not_before_timestamp_seconds')})"

    @property
    def expired(self) -> str:
        """not_after is past."""
        return f"{self.not_after} <= time()"

    @property
    def failed(self) -> str:
        """In state error."""
        return self.metric("state", 'state="error"') + " == 1"

    @property
    def never_issued(self) -> str:
        """Pending with no validity yet; a pending renewal keeps its old one and is not meant."""
        pending = self.metric("state", 'state="pending"') + " == 1"
        return f"{pending} unless on ({REPLICA}, name) {self.not_after}"

    # --- Judgements ---
    @property
    def urgencies(self) -> str:
        """3 expired, 2 imminent, 1 overdue or expiring soon; nothing where all is well."""
        return self._recorded("urgency:level")

    def urgency(self, level: int) -> str:
        """Those of one level."""
        return f"{self.urgencies} == {level}"

    @property
    def manual(self) -> str:
        """Renewed by a person, or by nobody that is known."""
        return self._recorded("info:manual")

    @property
    def last_third(self) -> str:
        """The moment at which a third of the lifetime is left: when the platform renews."""
        return f"({self.end} - {self._recorded('lifetime_seconds:max')} / 3)"

    @property
    def superseded(self) -> str:
        """Unused, while another of its common name and metro lasts longer."""
        return self._recorded("not_after_timestamp_seconds:superseded")

    def limit(self, name: str) -> str:
        """The moment from which it is `warning` or `critical`."""
        return self._recorded(f"{name}_timestamp_seconds:limit")

    @property
    def end(self) -> str:
        """When it expires, as the limits were computed from it."""
        return self._recorded("not_after_timestamp_seconds:max")
