"""The configuration from its file or the environment, or an error that names the place."""

import math
import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from exporter.config import (
    DEFAULT_MAX_RESPONSE_BYTES,
    DEFAULT_STALE_AFTER,
    Account,
    Authorities,
    Configuration,
    Metro,
    Pattern,
    Selection,
    Shard,
    TokenFile,
    TokenSource,
    TokenVariable,
)
from exporter.config.addresses import base_url, named_or_url, proxy_url
from exporter.config.document import (
    MOST_PEM_BYTES,
    Strict,
    WrongValue,
    content,
    decoded,
    reading,
)
from exporter.config.quantities import positive_duration
from exporter.config.tokens import token
from exporter.errors import ConfigurationError, Unauthorized

_LABEL: Final = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?")


_Series = Literal["all", "attention", "none"]
_Limit = Annotated[int, msgspec.Meta(ge=0)]


class _MetroEntry(Strict, frozen=True):
    name: str
    url: str
    allow_insecure: bool = False
    ca_file: str | None = None
    series: _Series | None = None
    max_certificates: _Limit | None = None
    include: str | None = None
    exclude: str | None = None


class _AccountEntry(Strict, frozen=True):
    name: str
    metros: Annotated[tuple[str | _MetroEntry, ...], msgspec.Meta(min_length=1)]
    token_file: str | None = None
    token_env: str | None = None
    max_requests_per_minute: Annotated[int, msgspec.Meta(ge=1)] | None = None
    series: _Series = "all"
    max_certificates: _Limit | None = None
    include: str | None = None
    exclude: str | None = None


class _File(Strict, frozen=True):
    accounts: Annotated[tuple[_AccountEntry, ...], msgspec.Meta(min_length=1)]
    interval: str | int = "60s"
    timeout: str | int = "10s"
    stale_after: str | int | None = None
    fetch: Literal["bulk", "batched"] = "bulk"
    max_response_bytes: Annotated[int, msgspec.Meta(ge=1024)] = DEFAULT_MAX_RESPONSE_BYTES
    ca_file: str | None = None
    proxy_url: str | None = None


def load(path: Path, environment: Mapping[str, str], shard: Shard = Shard()) -> Configuration:
    """The configuration in a YAML file, for one of several exporters.

    Relative paths in it are relative to the folder of the file.
    Raises `ConfigurationError` naming the file, the path within it and what was expected.
    """
    with reading(path):
        return parse(content(path), path, environment, shard)


def parse(
    text: bytes, path: Path, environment: Mapping[str, str], shard: Shard = Shard()
) -> Configuration:
    """The configuration in the text of the file at `path`; raises as `load` does."""
    with reading(path):
        file = msgspec.convert(decoded(text), _File)
        return _configuration(file, path.parent, environment, shard)


def from_environment(environment: Mapping[str, str], shard: Shard = Shard()) -> Configuration:
    """One account, `default`, from `UKC_TOKEN` and `UKC_METRO` (codes or URLs, comma-separated).

    Raises `ConfigurationError` naming the variable and what was expected.
    """
    names = [name.strip() for name in environment.get("UKC_METRO", "").split(",")]
    names = [name for name in names if name]
    if not names:
        raise ConfigurationError(
            "no --config.file, and UKC_METRO is not set: "
            "expected a comma-separated list of metro codes or URLs"
        )
    try:
        source = _variable("UKC_TOKEN", environment, "UKC_TOKEN")
        places = [f"UKC_METRO[{i}]" for i in range(len(names))]
        metros = [Metro(*named_or_url(*named)) for named in zip(names, places, strict=True)]
        account = Account("default", source, _distinct(metros, places))
    except WrongValue as exc:
        raise ConfigurationError(f"environment: {exc}") from exc
    return Configuration((account,), shard=shard)


def _configuration(
    file: _File, folder: Path, environment: Mapping[str, str], shard: Shard
) -> Configuration:
    accounts: dict[str, Account] = {}
    trusted = _authorities(file.ca_file, folder, "$.ca_file")
    for i, entry in enumerate(file.accounts):
        path = f"$.accounts[{i}]"
        _check_label(entry.name, f"{path}.name")
        if entry.name in accounts:
            raise WrongValue(f"{path}.name", f"the account {entry.name!r} is there already")
        source = _token_source(entry, path, folder, environment)
        metros = _metros(entry, path, folder, trusted)
        accounts[entry.name] = Account(entry.name, source, metros, entry.max_requests_per_minute)
    interval = _seconds(file.interval, "$.interval")
    configuration = Configuration(
        accounts=tuple(accounts.values()),
        interval=interval,
        timeout=_seconds(file.timeout, "$.timeout"),
        stale_after=_stale_after(file.stale_after, interval),
        fetch=file.fetch,
        max_response_bytes=file.max_response_bytes,
        proxy_url=None if file.proxy_url is None else proxy_url(file.proxy_url, "$.proxy_url"),
        shard=shard,
    )
    _check_budgets(configuration)
    return configuration


def _seconds(text: str | int, path: str) -> float:
    try:
        return positive_duration(text)
    except ValueError as exc:
        raise WrongValue(path, str(exc)) from exc


def _check_label(name: str, path: str) -> None:
    if not _LABEL.fullmatch(name) or not name.isprintable():
        raise WrongValue(path, "expected a name of 1 to 100 printable characters")


def _metros(
    account: _AccountEntry, path: str, folder: Path, trusted: Authorities | None
) -> tuple[Metro, ...]:
    metros, places = [], []
    selection = _selection(account, path, Selection())
    for i, entry in enumerate(account.metros):
        place = f"{path}.metros[{i}]"
        if isinstance(entry, str):
            metros.append(Metro(*named_or_url(entry, place), trusted, selection))
            places.append(place)
        else:
            _check_label(entry.name, f"{place}.name")
            url = base_url(entry.url, f"{place}.url", insecure=entry.allow_insecure)
            own = _authorities(entry.ca_file, folder, f"{place}.ca_file")
            chosen = _selection(entry, place, selection)
            metros.append(Metro(entry.name, url, own or trusted, chosen))
            places.append(f"{place}.name")
    return _distinct(metros, places)


def _distinct(metros: Iterable[Metro], places: Iterable[str]) -> tuple[Metro, ...]:
    """The metros; raises `WrongValue` at the place of one whose name another one has."""
    named: dict[str, Metro] = {}
    for metro, place in zip(metros, places, strict=True):
        if metro.name in named:
            raise WrongValue(place, f"the metro {metro.name!r} is there already")
        named[metro.name] = metro
    return tuple(named.values())


def _selection(entry: _AccountEntry | _MetroEntry, path: str, outer: Selection) -> Selection:
    """The entry's selection; what it leaves open is as in `outer`."""
    return Selection(
        entry.series or outer.series,
        outer.max_certificates if entry.max_certificates is None else entry.max_certificates,
        _pattern(entry.include, f"{path}.include") or outer.include,
        _pattern(entry.exclude, f"{path}.exclude") or outer.exclude,
    )


def _pattern(text: str | None, path: str) -> Pattern | None:
    try:
        return None if text is None else Pattern(text)
    except ValueError as exc:
        raise WrongValue(path, str(exc)) from exc


def _authorities(name: str | None, folder: Path, path: str) -> Authorities | None:
    """The certificates in a file, loaded once so that a bad one is known before the start."""
    if name is None:
        return None
    file = folder / name
    expected = f"expected certificates in PEM, got {file}"
    try:
        pem = content(file, most=MOST_PEM_BYTES).decode("ascii", "replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as exc:
        raise WrongValue(path, f"{expected}, which has none") from exc
    except OSError as exc:
        raise WrongValue(path, f"{expected}: {exc.strerror}") from exc
    return Authorities(file, pem)


def _check_budgets(configuration: Configuration) -> None:
    """Refuse a budget that the configured polls alone would use up (decisions/0404)."""
    requests = 2 if configuration.batched else 1
    for i, account in enumerate(configuration.accounts):
        limit = account.max_requests_per_minute
        needed = math.ceil(len(account.metros) * requests * 60 / configuration.interval)
        if limit is not None and limit < needed:
            raise WrongValue(
                f"$.accounts[{i}].max_requests_per_minute",
                f"expected at least {needed}: {len(account.metros)} metros are polled "
                f"every {configuration.interval:g} s",
            )


def _stale_after(text: str | int | None, interval: float) -> float:
    """The default is at least two intervals, so that no series vanish between two polls."""
    if text is None:
        return max(DEFAULT_STALE_AFTER, 2 * interval)
    return _seconds(text, "$.stale_after")


def _token_source(
    entry: _AccountEntry, path: str, folder: Path, environment: Mapping[str, str]
) -> TokenSource:
    """Where the token comes from, read once so that a bad one is known before the start."""
    if entry.token_env is not None and entry.token_file is None:
        return _variable(entry.token_env, environment, f"{path}.token_env")
    if entry.token_file is None or entry.token_env is not None:
        raise WrongValue(path, "expected either `token_file` or `token_env`")
    source = TokenFile(folder / entry.token_file)
    try:
        source.read()
    except Unauthorized as exc:
        raise WrongValue(f"{path}.token_file", str(exc)) from exc
    return source


def _variable(name: str, environment: Mapping[str, str], path: str) -> TokenVariable:
    try:
        return TokenVariable(name, token(environment.get(name, ""), f"variable {name!r}"))
    except Unauthorized as exc:
        raise WrongValue(path, str(exc)) from exc
