"""The configuration from its file or the environment, or an error that names the place."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from exporter.config import (
    DEFAULT_STALE_AFTER,
    Account,
    Configuration,
    Metro,
    Shard,
    TokenFile,
    TokenSource,
    TokenVariable,
)
from exporter.config.addresses import named_or_url, proxy_url
from exporter.config.document import WrongValue, content, decoded, reading
from exporter.config.entries import AccountEntry, File, Quantity
from exporter.config.inheritance import Inherited, check_label, distinct, metros
from exporter.config.quantities import positive_duration
from exporter.config.tokens import token
from exporter.errors import ConfigurationError, Unauthorized

_OTHER_TOKENS: Final = ("KRAFTCLOUD_TOKEN", "UNIKRAFT_CLOUD_TOKEN")
"""Where other tools of the platform look for the token."""


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
        file = msgspec.convert(decoded(text), File)
        return _configuration(file, path.parent, environment, shard)


def from_environment(environment: Mapping[str, str], shard: Shard = Shard()) -> Configuration:
    """One account, `default`, from `UKC_TOKEN` and `UKC_METRO` (codes or URLs, comma-separated).

    Raises `ConfigurationError` naming the variable and what was expected.
    """
    names = [name.strip() for name in environment.get("UKC_METRO", "").split(",")]
    names = [name for name in names if name]
    missing = []
    if not names:
        expected = "expected a comma-separated list of metro codes or URLs"
        missing.append(f"UKC_METRO is not set: {expected}")
    if "UKC_TOKEN" not in environment:
        missing.append(_not_set("UKC_TOKEN", environment))
    if missing:
        raise ConfigurationError(f"no --config.file, and {'; '.join(missing)}")
    try:
        source = _variable("UKC_TOKEN", environment, "UKC_TOKEN")
        places = [f"UKC_METRO[{i}]" for i in range(len(names))]
        named = [Metro(*named_or_url(*pair)) for pair in zip(names, places, strict=True)]
        account = Account("default", source, distinct(named, places))
    except WrongValue as exc:
        raise ConfigurationError(f"environment: {exc}") from exc
    return Configuration((account,), shard=shard)


def _configuration(
    file: File, folder: Path, environment: Mapping[str, str], shard: Shard
) -> Configuration:
    accounts: dict[str, Account] = {}
    inherited = Inherited.of(file, folder)
    for i, entry in enumerate(file.accounts):
        path = f"$.accounts[{i}]"
        check_label(entry.name, f"{path}.name")
        if entry.name in accounts:
            raise WrongValue(f"{path}.name", f"the account {entry.name!r} is there already")
        source = _token_source(entry, path, folder, environment)
        accounts[entry.name] = Account(
            entry.name, source, metros(entry, path, inherited), entry.max_requests_per_minute
        )
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


def _seconds(text: Quantity, path: str) -> float:
    try:
        return positive_duration(text)
    except ValueError as exc:
        raise WrongValue(path, str(exc)) from exc


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


def _stale_after(text: Quantity | None, interval: float) -> float:
    """The default is at least two intervals, so that no series vanish between two polls."""
    if text is None:
        return max(DEFAULT_STALE_AFTER, 2 * interval)
    return _seconds(text, "$.stale_after")


def _token_source(
    entry: AccountEntry, path: str, folder: Path, environment: Mapping[str, str]
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
    if name not in environment:
        raise WrongValue(path, _not_set(name, environment))
    try:
        return TokenVariable(name, token(environment[name], f"environment variable {name}"))
    except Unauthorized as exc:
        raise WrongValue(path, str(exc)) from exc


def _not_set(name: str, environment: Mapping[str, str]) -> str:
    message = f"environment variable {name} is not set"
    other = next((other for other in _OTHER_TOKENS if environment.get(other)), None)
    if name != "UKC_TOKEN" or other is None:
        return message
    return f"{message}; {other} is, which the exporter does not read: expected UKC_TOKEN"
