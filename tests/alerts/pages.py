"""Pages of the exporter: what it says of a few certificates and metros, as samples."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple


class Sample(NamedTuple):
    """A sample of a page. A counter grows by `per_minute`; `is_time` stands for the time itself."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    value: float = 1
    per_minute: float | None = None
    is_time: bool = False

    def within(self, **labels: str) -> "Sample":
        """The same with these labels first; an empty one is left out."""
        kept = tuple((label, value) for label, value in labels.items() if value)
        return self._replace(labels=kept + self.labels)


Page = tuple[Sample, ...]


def _sample(family: str, value: float = 1, /, **labels: str) -> Sample:
    return Sample(f"ukc_{family}", tuple(labels.items()), value)


class Certificate(NamedTuple):
    """A certificate's samples, and what the totals of its metro count it as."""

    account: str
    metro: str
    needs: tuple[str, ...]
    samples: Page


def certificate(
    *needs: str,
    name: str = "api",
    common_name: str | None = None,
    account: str = "acme",
    metro: str = "fra0",
    renewal: str = "automatic",
    not_after: float | None = None,
    not_before: float | None = None,
    created: float | None = None,
    attempts: float = 0,
    shown: bool = True,
) -> Certificate:
    """A certificate; each of `needs` is a reason and a severity, such as `expired critical`."""
    common_name = f"{name}.example.com" if common_name is None else common_name
    identity = {"account": account, "metro": metro, "name": name, "common_name": common_name}
    facts = {
        "not_after_timestamp_seconds": not_after,
        "not_before_timestamp_seconds": not_before,
        "created_timestamp_seconds": created,
        "validation_attempts": attempts,
    }
    attention = [dict(zip(("reason", "severity"), need.split(), strict=True)) for need in needs]
    samples = (
        _sample("certificate_info", **identity, renewal=renewal),
        *(_sample(f"certificate_{f}", v, **identity) for f, v in facts.items() if v is not None),
        *(_sample("certificate_attention", 1, **identity, **labels) for labels in attention),
    )
    return Certificate(account, metro, needs, samples if shown else ())


class Metro(NamedTuple):
    """What is said of a metro's polls, and whether any of them gave something to show."""

    account: str
    metro: str
    samples: Page
    was_read: bool


_FAILURES: Final = ("connect", "unauthorized", "rate_limited")


def metro(
    metro: str = "fra0",
    *,
    account: str = "acme",
    failing: str = "",
    last_success: float | None = None,
    listed: float = 10,
    interval: float = 60,
    skipped: float = 0,
    unread: float = 0,
    skew: float = 0,
) -> Metro:
    """A metro whose last poll succeeded just now.

    Or it is `failing` with one of the reasons, or for one that nobody counts (`unknown`), since
    `last_success`, which is 0 where no poll ever succeeded.
    """
    up, labels = not failing, {"account": account, "metro": metro}
    last = last_success or 0
    failures = (
        _sample("poll_failures_total", 0, reason=reason)._replace(per_minute=failing == reason)
        for reason in _FAILURES
    )
    polls = (
        _sample("up", up),
        _sample("last_success_timestamp_seconds", last)._replace(is_time=up and not last),
        _sample("poll_interval_seconds", interval),
        *failures,
        _sample("certificates_listed", listed),
        _sample("certificates_skipped", skipped, reason="undecodable"),
        _sample("certificates_unread_fields", unread, field="serial_number"),
        _sample("api_clock_skew_seconds", skew),
    )
    return Metro(account, metro, tuple(s.within(**labels) for s in polls), up or last > 0)


def page(
    *parts: Certificate | Metro,
    shard: int = 0,
    shards: int = 1,
    errors: float = 0,
    reloaded: bool = True,
) -> Page:
    """The page of an exporter; the metro of each certificate is well unless it is among the parts.

    `errors` are its internal ones a minute.
    """
    certificates = [part for part in parts if isinstance(part, Certificate)]
    metros = {(part.account, part.metro): part for part in parts if isinstance(part, Metro)}
    for one in certificates:
        metros.setdefault((one.account, one.metro), metro(one.metro, account=one.account))
    label = str(shard) if shards > 1 else ""
    own = (
        _sample("exporter_shards", shards),
        _sample("exporter_shard_info", shard=str(shard), total_shards=str(shards)),
        _sample("exporter_config_last_reload_successful", reloaded),
        _sample("exporter_internal_errors_total", 0)._replace(per_minute=errors),
    )
    polls = (s.within(shard=label) for m in metros.values() for s in m.samples)
    shown = (s for one in certificates for s in one.samples)
    return (*own, *polls, *_totals(metros.values(), certificates), *shown)


def _totals(metros: Iterable[Metro], certificates: Iterable[Certificate]) -> Iterator[Sample]:
    """The metros' certificates together, those without series of their own included."""
    for one in metros:
        place = (one.account, one.metro)
        needs = [need for c in certificates if c[:2] == place for need in c.needs]
        for need in dict.fromkeys(("expired critical", "unused info", *needs)):
            if one.was_read:
                labels = dict(zip(("reason", "severity"), need.split(), strict=True))
                total = _sample("certificates_attention", needs.count(need), **labels)
                yield total.within(account=one.account, metro=one.metro)
