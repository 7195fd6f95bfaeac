"""The one table: facts of a certificate and a moment give what needs attention, and how badly.

Alerts, dashboards, the status page and the documentation say what is decided here
(design, section 4; decisions/0206).
"""

import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from exporter.api.model import Certificate
from exporter.api.names import domain
from exporter.config import Renewal, Thresholds

Severity = Literal["critical", "warning", "info"]
Ladder = Literal["expiry", "issuance", "oddity"]

COLOURS: Final[Mapping[Severity, str]] = {"critical": "red", "warning": "orange", "info": "blue"}
"""What a severity looks like, the most severe first; what needs no attention is green."""

RENEWALS: Final = ("automatic", "manual", "unknown")
"""Who renews a certificate: the platform, its owner, or nobody can tell before issuance."""


class Reason(NamedTuple):
    """One row of the table: severities are those that it takes, the mildest first."""

    name: str
    ladder: Ladder
    when: str
    alert: str
    in_use: tuple[Severity, ...]
    unused: tuple[Severity, ...]

    @property
    def severities(self) -> tuple[Severity, ...]:
        """Every severity that it may have, the most severe first."""
        return tuple(s for s in COLOURS if s in (*self.in_use, *self.unused))

    @property
    def section(self) -> str:
        """The anchor of its section in the runbook."""
        return self.alert.lower()


REASONS: Final = (
    Reason(
        "expired",
        "expiry",
        "The certificate has expired.",
        "UKCCertificateExpired",
        ("critical",),
        ("warning",),
    ),
    Reason(
        "imminent",
        "expiry",
        "Less than the critical limit is left until it expires.",
        "UKCCertificateExpiryImminent",
        ("critical",),
        (),
    ),
    Reason(
        "renewal_overdue",
        "expiry",
        "The platform renews it, and less than the warning limit is left.",
        "UKCCertificateRenewalOverdue",
        ("warning",),
        ("warning",),
    ),
    Reason(
        "expiring_soon",
        "expiry",
        "Its owner has to renew it, and less than the warning limit is left.",
        "UKCCertificateExpiringSoon",
        ("warning",),
        ("warning",),
    ),
    Reason(
        "failed",
        "issuance",
        "The platform gave up (state `error`); critical where it was never issued or less than "
        "a third of its lifetime is left.",
        "UKCCertificateError",
        ("warning", "critical"),
        ("warning",),
    ),
    Reason(
        "never_issued",
        "issuance",
        "It was requested some time ago and never issued.",
        "UKCCertificateIssuancePending",
        ("warning", "critical"),
        ("warning",),
    ),
    Reason(
        "validation_retrying",
        "issuance",
        "The domain validation was attempted several times.",
        "UKCCertificateValidationRetrying",
        ("warning",),
        ("warning",),
    ),
    Reason(
        "expiry_unknown",
        "oddity",
        "It is valid, or is being renewed, and its expiry is not known.",
        "UKCCertificateExpiryUnknown",
        ("warning",),
        ("warning",),
    ),
    Reason(
        "not_yet_valid",
        "oddity",
        "Its validity begins more than five minutes from now.",
        "UKCCertificateNotYetValid",
        ("warning",),
        ("warning",),
    ),
    Reason(
        "unused",
        "oddity",
        "It is valid, lasts longest of its common name, and is attached to nothing.",
        "UKCCertificateUnused",
        (),
        ("info",),
    ),
)
"""The table; on each ladder the first reason that applies is the one that is given."""

PAIRS: Final = tuple(
    (reason.name, severity) for reason in REASONS for severity in reason.severities
)
"""Every reason with every severity that it may have."""

_NOT_YET_VALID: Final = 300.0
_REQUEST_AFTER_NOT_BEFORE: Final = 2 * 3600.0
_NOT_NEW: Final = 7 * 86400.0
_THIRD: Final = 1 / 3


class Policy(NamedTuple):
    """What the operator decides about the certificates of a metro."""

    thresholds: Thresholds = Thresholds()
    renewal: Renewal = Renewal()


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What facts and policy say of a certificate at any moment.

    `warning_at` and `critical_at` are the limits as Unix times, None before issuance.
    Nothing is to be said of it from `quiet_from` until `quiet_until`.
    """

    renewal: str
    warning_at: int | None
    critical_at: int | None
    quiet_from: float
    quiet_until: float


class Step(NamedTuple):
    """From `at` (Unix time) on a ladder gives this reason, or none."""

    at: float
    reason: str = ""
    severity: Severity = "info"


Attention = tuple[tuple[str, Severity], ...]
"""The reasons that apply to a certificate, each with its severity, in the order of the ladders."""


def in_use(c: Certificate) -> bool:
    """Whether it is attached to a service group, or may be: unknown use is use."""
    return c.service_groups != ()


def issued(c: Certificate) -> bool:
    """Whether an expiry is known, told now or before."""
    return c.not_after is not None


def renewal(c: Certificate, override: Renewal = Renewal()) -> str:
    """Who renews a certificate, one of `RENEWALS`: decided by evidence, not by its issuer alone.

    The platform requests certificates from Let's Encrypt for plain domains and names them
    `<cn>-XXXXX`; a request precedes its issuance, an upload follows it.
    """
    if override.manual is not None and override.manual.fullmatch(c.name):
        return "manual"
    if override.automatic is not None and override.automatic.fullmatch(c.name):
        return "automatic"
    if c.not_after is None:
        return "unknown"
    created_at, not_before = c.created_at, c.not_before
    # A request precedes its issuance, which Let's Encrypt backdates by an hour.
    requested = c.validation_seen or (
        created_at is not None
        and not_before is not None
        and created_at <= not_before + _REQUEST_AFTER_NOT_BEFORE
    )
    if requested and _platform_issuer(c.issuer) and _generated(c.name, c.common_name):
        return "automatic"
    return "manual"


def _generated(name: str, common_name: str) -> bool:
    """Whether a name is of the platform's form, of a plain domain.

    Source: specification, "Uploading an Existing Certificate", footnote 1.
    """
    suffix = name[-5:]
    return (
        name[-6:-5] == "-"
        and suffix.isalnum()
        and suffix.isascii()
        and (name[:-6] == common_name or domain(name[:-6]) == common_name)
        and common_name[:2] not in ("", "*.")
    )


_ATTRIBUTE: Final = re.compile(
    r'[,/+;]?\s*O\s*=\s*("?)(?:\(STAGING\) )?Let.s Encrypt\1\s*', re.IGNORECASE
)
_ATTRIBUTES: Final = re.compile(r'(?:\\.|"(?:[^"\\]|\\.)*"|[^,/+;\\"])+', re.DOTALL)


@functools.lru_cache(maxsize=1024)
def _platform_issuer(issuer: str) -> bool:
    """Whether the organization of a DN is Let's Encrypt, staging included (RFC 4514).

    The typographic apostrophe is the specification's own spelling in its prose.
    """
    plain = issuer.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return any(_ATTRIBUTE.fullmatch(attribute) for attribute in _ATTRIBUTES.findall(plain))


def standing(c: Certificate, policy: Policy = Policy()) -> Standing:
    """What facts and policy say of a certificate, whatever the moment."""
    renewer = renewal(c, policy.renewal)
    not_before, not_after = c.not_before, c.not_after
    quiet_from = -math.inf if not_before is None else not_before - _NOT_YET_VALID
    if not_after is None:
        return Standing(renewer, None, None, quiet_from, -math.inf)
    lifetime = 0 if not_before is None else not_after - not_before
    if renewer == "automatic" and lifetime > 0:
        warning, critical = policy.thresholds.automatic
        warning_at, critical_at = not_after - warning * lifetime, not_after - critical * lifetime
    else:
        warning, critical = policy.thresholds.manual
        if lifetime > 0:
            warning, critical = min(warning, lifetime / 3), min(critical, lifetime / 10)
        warning_at, critical_at = not_after - warning, not_after - critical
    from_then = int(warning_at)
    quiet = c.state == "valid" and c.service_groups != () and not c.attempts
    quiet_until = from_then if quiet else -math.inf
    return Standing(renewer, from_then, int(critical_at), quiet_from, quiet_until)


def ladders(c: Certificate, s: Standing, thresholds: Thresholds) -> Iterator[tuple[Step, ...]]:
    """The steps of each ladder, in the order of their moments."""
    yield _expiry(c, s)
    yield _issuance(c, thresholds)
    yield _oddity(c)


def _after(moment: float) -> float:
    """The first moment after another one."""
    return math.nextafter(moment, math.inf)


def _expiry(c: Certificate, s: Standing) -> tuple[Step, ...]:
    if c.not_after is None or s.warning_at is None or s.critical_at is None:
        return ()
    near = "renewal_overdue" if s.renewal == "automatic" else "expiring_soon"
    due = Step(min(_after(s.warning_at), c.not_after), near, "warning")
    if not in_use(c):
        return due, Step(c.not_after, "expired", "warning")
    imminent = Step(min(_after(s.critical_at), c.not_after), "imminent", "critical")
    return due, imminent, Step(c.not_after, "expired", "critical")


def _issuance(c: Certificate, thresholds: Thresholds) -> tuple[Step, ...]:
    if c.state == "error":
        return _failed(c)
    retrying = c.attempts is not None and c.attempts >= thresholds.validation_attempts
    steps = (Step(-math.inf, "validation_retrying", "warning"),) if retrying else ()
    if issued(c) or c.state == "valid" or _renewal_without_dates(c):
        return steps
    # What was seen existed then, whatever it says of its creation.
    since = min((t for t in (c.created_at, c.first_seen) if t is not None), default=-math.inf)
    warning, critical = thresholds.never_issued
    steps = (*steps, Step(since + warning, "never_issued", "warning"))
    return (*steps, Step(since + critical, "never_issued", "critical")) if in_use(c) else steps


def _failed(c: Certificate) -> tuple[Step, ...]:
    if not in_use(c):
        return (Step(-math.inf, "failed", "warning"),)
    if c.not_after is None or c.lifetime is None:
        return (Step(-math.inf, "failed", "critical"),)
    third = _after(c.not_after - c.lifetime * _THIRD)
    return Step(-math.inf, "failed", "warning"), Step(third, "failed", "critical")


def _renewal_without_dates(c: Certificate) -> bool:
    """Whether a pending one is too old to be a new request: a renewal whose dates are not told.

    The specification's own sample of a pending certificate has no dates. One whose expiry the API
    gives as empty or zero was never issued, whatever its age.
    """
    return (
        c.state == "pending"
        and not issued(c)
        and not c.told_unissued
        and c.created_at is not None
        and c.first_seen is not None
        and c.first_seen - c.created_at > _NOT_NEW
    )


def _oddity(c: Certificate) -> tuple[Step, ...]:
    if not issued(c) and (c.state == "valid" or _renewal_without_dates(c)):
        return (Step(-math.inf, "expiry_unknown", "warning"),)
    steps: tuple[Step, ...] = ()
    if c.state == "valid" and not in_use(c) and c.not_after is not None:
        steps = (Step(-math.inf, "unused", "info"), Step(c.not_after))
    if c.not_before is None:
        return steps
    valid_from = c.not_before - _NOT_YET_VALID
    later = (step._replace(at=max(step.at, valid_from)) for step in steps or (Step(valid_from),))
    return Step(-math.inf, "not_yet_valid", "warning"), *later


def attention(steps: Iterable[Sequence[Step]], now: float) -> tuple[Attention, float]:
    """The reasons of some ladders at `now` (Unix time), and the next moment that changes them."""
    reasons: list[tuple[str, Severity]] = []
    until = math.inf
    for ladder in steps:
        current = None
        for step in ladder:
            if step.at > now:
                until = min(until, step.at)
                break
            current = step
        if current and current.reason:
            reasons.append((current.reason, current.severity))
    return tuple(reasons), until


class Judgement(NamedTuple):
    """The certificates of a metro, judged at `since`.

    `standings` are those of the certificates in their places, `attention` is by place.
    For the same certificates and policy it holds until `until`.
    """

    certificates: Sequence[Certificate]
    policy: Policy
    standings: Sequence[Standing]
    attention: Mapping[int, Attention]
    since: float
    until: float


def judge(
    certificates: Sequence[Certificate],
    now: float,
    *,
    policy: Policy = Policy(),
    before: Judgement | None = None,
) -> Judgement:
    """The certificates of one metro at `now` (Unix time).

    `before` is the last judgement of the metro: what holds still is not decided again.
    """
    if before is None or before.policy != policy:
        standings: Sequence[Standing] = [standing(c, policy) for c in certificates]
    elif before.certificates is certificates:
        if before.since <= now < before.until:
            return before
        standings = before.standings
    else:
        standings = [
            s if c is b else standing(c, policy)
            for c, b, s in _beside(certificates, before.certificates, before.standings)
        ]
    found, until = _attention(certificates, standings, policy.thresholds, now)
    return Judgement(certificates, policy, standings, found, now, until)


def _beside(
    certificates: Sequence[Certificate],
    others: Sequence[Certificate],
    standings: Sequence[Standing],
) -> Iterator[tuple[Certificate, Certificate | None, Standing]]:
    """Each certificate with the one that had its place before, and the standing of that."""
    yield from zip(certificates, others, standings, strict=False)
    nothing = Standing("", None, None, 0.0, 0.0)
    yield from ((c, None, nothing) for c in certificates[len(others) :])


def _attention(
    certificates: Sequence[Certificate],
    standings: Sequence[Standing],
    thresholds: Thresholds,
    now: float,
) -> tuple[dict[int, Attention], float]:
    superseded = _superseded(certificates)
    found: dict[int, Attention] = {}
    until = math.inf
    for place, s in enumerate(standings):
        if s.quiet_from <= now <= s.quiet_until:
            until = min(until, s.quiet_until)
            continue
        if place in superseded:
            continue
        c = certificates[place]
        reasons, change = attention(ladders(c, s, thresholds), now)
        until = min(until, change)
        if reasons:
            found[place] = reasons
    return found, until


def _superseded(certificates: Sequence[Certificate]) -> set[int]:
    """The places of those that are attached to nothing and whose place another one has taken.

    That one has the same common name and lasts longer, or as long and is in use.
    An empty common name joins nothing.
    """
    unattached = [
        place
        for place, c in enumerate(certificates)
        if c.service_groups == () and c.common_name and c.not_after is not None
    ]
    if not unattached:
        return set()
    names = {certificates[place].common_name for place in unattached}
    longest: dict[tuple[str, bool], float] = {}
    for c in certificates:
        if c.common_name in names and c.not_after is not None:
            key = (c.common_name, in_use(c))
            longest[key] = max(longest.get(key, -math.inf), c.not_after)
    return {
        place
        for place in unattached
        if (c := certificates[place]).not_after is not None
        and (
            longest[c.common_name, False] > c.not_after
            or longest.get((c.common_name, True), -math.inf) >= c.not_after
        )
    }
