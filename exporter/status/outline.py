"""What a configuration would watch, and what is legal in it and odd."""

import stat
from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporter.config import Account, Configuration, Metro, Selection, Thresholds, TokenFile
from exporter.config.addresses import is_loopback
from exporter.logs import printable
from exporter.status.words import count, duration, limits


def outline(configuration: Configuration) -> Iterator[str]:
    """A line for what holds for everything, for each account, metro and set of limits."""
    c = configuration
    yield (
        f"every {duration(c.interval)}, timeout {duration(c.timeout)}, "
        f"fetch {'batched' if c.batched else 'bulk'}, stale after {duration(c.stale_after)}"
        + (f", through the proxy {c.proxy_url}" if c.proxy_url else "")
    )
    for account in c.accounts:
        yield f"account {printable(account.name)}: {_token(account)}{_budget(account)}"
        for metro in account.metros:
            trust = f", trusting {metro.authorities.path}" if metro.authorities else ""
            series = _series(metro.selection)
            yield f"  metro {printable(metro.name)}: {metro.base_url}{trust}, {series}"
    together: dict[Thresholds, list[str]] = {}
    for account, metro in _metros(c):
        together.setdefault(metro.thresholds, []).append(f"{account.name}/{metro.name}")
    for thresholds, names in together.items():
        yield f"limits of {', '.join(map(printable, names))}:"
        yield from (f"  {name}: {words}" for name, words in limits(thresholds).items())


def oddities(configuration: Configuration) -> Iterator[str]:
    """A line for each thing that is legal and that hardly anybody wants."""
    c = configuration
    interval, stale_after = duration(c.interval), duration(c.stale_after)
    if c.interval > c.stale_after:
        yield f"interval ({interval}) is above stale_after ({stale_after}): series come and go"
    elif c.stale_after < 2 * c.interval:
        yield (
            f"stale_after ({stale_after}) is below two intervals ({interval}): "
            "series vanish after one failed poll"
        )
    if c.timeout > c.interval:
        yield f"timeout ({duration(c.timeout)}) is above interval ({interval})"
    yield from _readable_tokens(c)
    urls = Counter(metro.base_url for _, metro in _metros(c))
    for account, metro in _metros(c):
        where = f"account {printable(account.name)}, metro {printable(metro.name)}"
        if metro.base_url.startswith("http://") and not is_loopback(metro.base_url):
            yield f"{where}: plain http: the token travels in the clear to {metro.base_url}"
        if urls[metro.base_url] > 1 and len(c.accounts) == 1:
            yield f"{where}: another metro of this account has the same URL {metro.base_url}"


def _metros(configuration: Configuration) -> Iterator[tuple[Account, Metro]]:
    for account in configuration.accounts:
        for metro in account.metros:
            yield account, metro


def _readable_tokens(configuration: Configuration) -> Iterator[str]:
    for account in configuration.accounts:
        if isinstance(account.token, TokenFile):
            mode = stat.S_IMODE(account.token.path.stat().st_mode)
            if mode & stat.S_IROTH:
                yield (
                    f"account {printable(account.name)}: every user of this machine can read "
                    f"the token file {account.token.path} (mode {mode:04o})"
                )


def _token(account: Account) -> str:
    source = account.token
    if isinstance(source, TokenFile):
        return f"token from the file {source.path}"
    return f"token from the variable {source.name}"


def _budget(account: Account) -> str:
    limit = account.max_requests_per_minute
    return f", at most {count(limit, 'request')} a minute" if limit is not None else ""


_SERIES: Final = {
    "all": "series for all certificates",
    "attention": "series for certificates that need attention",
    "none": "series for no certificate",
}


def _series(selection: Selection) -> str:
    words = _SERIES[selection.series]
    if selection.max_certificates is not None:
        words += f", at most {selection.max_certificates:,}"
    filters = [name for name in ("include", "exclude") if getattr(selection, name) is not None]
    return f"{words}, by {' and '.join(filters)}" if filters else words
