"""The words that queries are made of: certificates counted once, and what is said of them.

A metric is judged replica by replica first, because the samples of one scrape belong together, and
only then reduced to one series per certificate. Two replicas never count a certificate twice.
"""

import dataclasses

from . import rules

#: One certificate, whichever replica shows it. `cluster` is there only where the targets have it.
IDENTITY = "cluster, job, account, metro, name, common_name"
METRO = "cluster, job, account, metro"
REPLICA = "cluster, job, instance, pod, account, metro"

EXPORTER = 'cluster=~"$cluster", job=~"$job", instance=~"$instance"'
METROS = EXPORTER + ', account=~"$account", metro=~"$metro"'

#: A replica that lost a metro goes on showing its last look; one that sees the metro outvotes it.
OUTVOTED = f"(ukc_up{{{METROS}}} == 0 and on ({METRO}) ukc_up{{{METROS}}} == 1)"

#: Zero where somebody has looked, nothing where nobody has: an exporter that is gone is not "0".
LOOKED = f"0 * count(ukc_last_success_timestamp_seconds{{{METROS}}} > 0)"

DAY = "86400"


def once(expr: str, by: str = IDENTITY) -> str:
    """One series per certificate (or per `by`) from an expression over replicas."""
    return f"max by ({by}) (({expr}) unless on ({REPLICA}) {OUTVOTED})"


def how_many(expr: str) -> str:
    """The number of series; 0 where there is none though somebody has looked."""
    return f"count({expr}) or {LOOKED}"


@dataclasses.dataclass(frozen=True)
class Certificates:
    """The certificates that a label selector picks. Each method gives an expression over replicas,
    unless its docstring says "once"."""

    labels: str
    fleet: str = METROS
    """Where to look for a longer-lasting certificate of the same common name."""

    def metric(self, name: str, *matchers: str) -> str:
        """A selector on `ukc_certificate_<name>`."""
        return f"ukc_certificate_{name}{{{', '.join((self.labels, *matchers))}}}"

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
    def in_use(self) -> str:
        """Attached to a service group."""
        return f"{self.metric('service_groups')} > 0"

    def state(self, state: str) -> str:
        """In this state now."""
        return self.metric("state", f'state="{state}"') + " == 1"

    def also(self, expr: str) -> str:
        """`and` with another metric of the same certificate on the same replica."""
        return f"and on ({REPLICA}, name) ({expr})"

    def but_not(self, expr: str) -> str:
        """`unless` with another metric of the same certificate on the same replica."""
        return f"unless on ({REPLICA}, name) ({expr})"

    @property
    def automatic(self) -> str:
        """Renewed by the platform."""
        return self.metric("info", 'renewal="automatic"')

    @property
    def expired(self) -> str:
        """not_after is past."""
        return f"{self.not_after} <= time()"

    @property
    def critical(self) -> str:
        """Nearly expired: by share of the lifetime if automatic or short-lived, else by days."""
        share = f"{self.left} < {rules.CRITICAL_SHARE} * {self.lifetime}"
        short = f"{self.lifetime} < {rules.SHORT_LIVED_DAYS} * {DAY}"
        return (
            f"(({share}) {self.also(self.automatic)}"
            f" or ({share}) and {short}"
            f" or ({self.left} < {rules.CRITICAL_DAYS} * {DAY})"
            f" {self.but_not(self.automatic)} unless {short})"
        )

    @property
    def imminent(self) -> str:
        """In use and critical, but not expired."""
        return f"({self.critical} {self.also(self.in_use)}) unless {self.expired}"

    @property
    def overdue(self) -> str:
        """Automatic, and the renewal did not happen; neither imminent nor expired."""
        return (
            f"(({self.left} < {rules.WARNING_SHARE} * {self.lifetime})"
            f" {self.also(self.automatic)})"
            f" unless {self.expired}"
            f" unless ({self.critical} {self.also(self.in_use)})"
        )

    @property
    def soon(self) -> str:
        """Not automatic, and time to replace it; neither imminent nor expired."""
        return (
            f"(({self.left} < {rules.WARNING_DAYS} * {DAY})"
            f" unless {self.left} >= {self.lifetime} / {rules.RENEWAL_PARTS})"
            f" {self.but_not(self.automatic)}"
            f" unless {self.expired}"
            f" unless ({self.critical} {self.also(self.in_use)})"
        )

    @property
    def never_issued(self) -> str:
        """Pending with no validity yet; a pending renewal keeps its old one and is not meant."""
        return f"{self.state('pending')} {self.but_not(self.not_after)}"

    @property
    def failed_gravely(self) -> str:
        """Error, in use, and less than the renewal share of its lifetime left, or never issued."""
        fresh = f"{self.left} >= {self.lifetime} / {rules.RENEWAL_PARTS}"
        return f"({self.state('error')} {self.also(self.in_use)}) {self.but_not(fresh)}"

    @property
    def superseded(self) -> str:
        """Once: unused, while another of its common name and metro lasts longer.

        The second that is added to one in use decides between two that expire together.
        """
        fleet = Certificates(self.fleet)
        domain = f"{METRO}, common_name"
        return (
            once(f"{self.not_after} unless {self.in_use}")
            + f" < on ({domain}) group_left () max by ({domain})"
            + f" ({fleet.not_after} + ({fleet.metric('service_groups')} > bool 0))"
        )

    def that_matter(self, expr: str) -> str:
        """Once: what `expr` gives, without certificates whose place another one has taken."""
        return f"({once(expr)} unless ({self.superseded}))"
