"""The configuration file and the environment as frozen types, or an error that names the place."""

import math
import re
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import yaml

from exporter.config import (
    DEFAULT_MAX_RESPONSE_BYTES,
    DEFAULT_STALE_AFTER,
    Account,
    Authorities,
    Configuration,
    Metro,
    Selection,
    Shard,
    TokenFile,
    TokenSource,
    TokenVariable,
    token,
)
from exporter.config.addresses import base_url, named_or_url, proxy_url
from exporter.config.document import MOST_PEM_BYTES, Strict, content, decoded, one_line
from exporter.config.document import WrongValue as _WrongError
from exporter.errors import ConfigurationError, Unauthorized

_DURATION: Final = re.compile(
    "".join(rf"(?:(\d{{1,15}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")), re.ASCII
)
_SECONDS: Final = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
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


def load(
    path: Path,
    environment: Mapping[str, str],
    shard: Shard = Shard(),
) -> Configuration:
    """The configuration in a YAML file, for one of several exporters.

    Relative token files are relative to the folder of the file.
    Raises `ConfigurationError` naming the file, the path within it and what was expected.
    """
    try:
        text = content(path)
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be read: {exc.strerror}") from exc
    return parse(text, path, environment, shard)


def parse(
    text: bytes,
    path: Path,
    environment: Mapping[str, str],
    shard: Shard = Shard(),
) -> Configuration:
    """The configuration in the text of the file at `path`; raises as `load` does."""
    try:
        document = decoded(text)
        return _configuration(msgspec.convert(document, _File), path.parent, environment, shard)
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path}: not YAML: {one_line(exc)}") from exc
    except RecursionError as exc:
        raise ConfigurationError(f"{path}: not YAML: nested too deeply") from exc
    except (msgspec.ValidationError, _WrongError) as exc:
        raise ConfigurationError(f"{path}: {one_line(exc)}") from exc


def from_environment(
    environment: Mapping[str, str],
    shard: Shard = Shard(),
) -> Configuration:
    """One account, `default`, from `UKC_TOKEN` and `UKC_METRO` (codes or URLs, comma-separated).

    Raises `ConfigurationError` naming the variable and what was expected.
    """
    codes = [code.strip() for code in environment.get("UKC_METRO", "").split(",")]
    if not any(codes):
        raise ConfigurationError(
            "no --config.file, and UKC_METRO is not set: "
            "expected a comma-separated list of metro codes or URLs"
        )
    try:
        metros = tuple(c for c in codes if c)
        entry = _AccountEntry("default", metros, token_env="UKC_TOKEN")  # noqa: S106 - its name
        file = _File(accounts=(entry,))
        return _configuration(file, Path(), environment, shard)
    except _WrongError as exc:
        place = exc.path.replace("$.accounts[0].metros", "UKC_METRO")
        place = place.replace("$.accounts[0].token_env", "UKC_TOKEN")
        raise ConfigurationError(f"environment: {exc.expected} - at `{place}`") from exc


def duration(text: str | int) -> float:
    """Seconds of a Prometheus duration: `1m30s`, `500ms`, `1h`, `0`.

    Raises ValueError (Prometheus, "Configuration", `<duration>`).
    """
    if text in ("0", 0):
        return 0.0
    match = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
    if match is None:
        raise ValueError("expected a Prometheus duration such as 60s, 1m30s or 500ms")
    parts = zip(match.groups(), _SECONDS, strict=True)
    return float(sum(int(number) * unit for number, unit in parts if number))


def _configuration(
    file: _File, folder: Path, environment: Mapping[str, str], shard: Shard
) -> Configuration:
    accounts: list[Account] = []
    trusted = _authorities(file.ca_file, folder, "$.ca_file")
    for i, entry in enumerate(file.accounts):
        path = f"$.accounts[{i}]"
        _label(entry.name, f"{path}.name")
        if entry.name in (a.name for a in accounts):
            raise _WrongError(f"{path}.name", f"the account {entry.name!r} is there already")
        token = _token_source(entry, path, folder, environment)
        metros = _metros(entry, path, folder, trusted)
        accounts.append(Account(entry.name, token, metros, entry.max_requests_per_minute))
    interval = _positive(file.interval, "$.interval")
    configuration = Configuration(
        accounts=tuple(accounts),
        interval=interval,
        timeout=_positive(file.timeout, "$.timeout"),
        stale_after=_stale_after(file.stale_after, interval),
        fetch=file.fetch,
        max_response_bytes=file.max_response_bytes,
        proxy_url=None if file.proxy_url is None else proxy_url(file.proxy_url, "$.proxy_url"),
        shard=shard,
    )
    _within_budget(configuration)
    return configuration


def _positive(value: str | int, path: str) -> float:
    try:
        seconds = duration(value)
    except ValueError as exc:
        raise _WrongError(path, str(exc)) from exc
    if not 0 < seconds <= 10 * _SECONDS[0]:
        raise _WrongError(path, "expected a duration longer than 0 and of at most 10y")
    return seconds


def _label(name: str, path: str) -> str:
    if not _LABEL.fullmatch(name) or not name.isprintable():
        raise _WrongError(path, "expected a name of 1 to 100 printable characters")
    return name


def _metros(
    entry: _AccountEntry, path: str, folder: Path, trusted: Authorities | None
) -> tuple[Metro, ...]:
    metros: dict[str, Metro] = {}
    of_account = _selection(entry, path, Selection())
    for i, given in enumerate(entry.metros):
        place = f"{path}.metros[{i}]"
        if isinstance(given, _MetroEntry):
            _label(given.name, f"{place}.name")
            url = base_url(given.url, f"{place}.url", insecure=given.allow_insecure)
            own = _authorities(given.ca_file, folder, f"{place}.ca_file")
            metro = Metro(given.name, url, own or trusted, _selection(given, place, of_account))
            place = f"{place}.name"
        else:
            metro = Metro(*named_or_url(given, place), trusted, of_account)
        if metro.name in metros:
            raise _WrongError(place, f"the metro {metro.name!r} is there already")
        metros[metro.name] = metro
    return tuple(metros.values())


def _selection(entry: _AccountEntry | _MetroEntry, path: str, outer: Selection) -> Selection:
    """The entry's selection; what it leaves open is as in `outer`."""

    def pattern(text: str | None, field: str) -> re.Pattern[str] | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what means something else in another Python
                return None if text is None else re.compile(text)
        except (re.error, FutureWarning, OverflowError, RecursionError) as exc:
            wanted = f"expected a regular expression: {exc}"
            raise _WrongError(f"{path}.{field}", wanted) from exc

    return Selection(
        entry.series or outer.series,
        outer.max_certificates if entry.max_certificates is None else entry.max_certificates,
        pattern(entry.include, "include") or outer.include,
        pattern(entry.exclude, "exclude") or outer.exclude,
    )


def _authorities(given: str | None, folder: Path, path: str) -> Authorities | None:
    """The certificates in a file, tried once so that a bad one is known before the start."""
    if given is None:
        return None
    file = folder / given
    wanted = f"expected certificates in PEM, got {file}"
    try:
        pem = content(file, most=MOST_PEM_BYTES).decode("ascii", "replace")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as exc:
        raise _WrongError(path, f"{wanted}, which has none") from exc
    except OSError as exc:
        raise _WrongError(path, f"{wanted}: {exc.strerror}") from exc
    return Authorities(file, pem)


def _within_budget(configuration: Configuration) -> None:
    """Refuse a budget that the configured polls alone would use up."""
    requests = 2 if configuration.batched else 1
    for i, account in enumerate(configuration.accounts):
        limit = account.max_requests_per_minute
        needed = math.ceil(len(account.metros) * requests * 60 / configuration.interval)
        if limit is not None and limit < needed:
            raise _WrongError(
                f"$.accounts[{i}].max_requests_per_minute",
                f"expected at least {needed}: {len(account.metros)} metros are polled "
                f"every {configuration.interval:g} s",
            )


def _stale_after(given: str | int | None, interval: float) -> float:
    """An hour, or two intervals where these are longer: certificates do not go between polls."""
    if given is None:
        return max(DEFAULT_STALE_AFTER, 2 * interval)
    return _positive(given, "$.stale_after")


def _token_source(
    entry: _AccountEntry, path: str, folder: Path, environment: Mapping[str, str]
) -> TokenSource:
    """Where the token comes from, tried once so that a bad one is known before the start."""
    if (entry.token_file is None) == (entry.token_env is None):
        raise _WrongError(path, "expected either `token_file` or `token_env`")
    try:
        if entry.token_file is not None:
            path = f"{path}.token_file"
            source = TokenFile(folder / entry.token_file)
            source.read()
            return source
        path, name = f"{path}.token_env", entry.token_env or ""
        return TokenVariable(name, token(environment.get(name, ""), f"variable {name!r}"))
    except (Unauthorized, ValueError) as exc:
        raise _WrongError(path, str(exc)) from exc
