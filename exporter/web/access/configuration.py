"""The web config file as frozen types (Prometheus exporter-toolkit, "Web configuration")."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from exporter.config.document import Strict, WrongValue, decoded, reading
from exporter.web.listener.tls import Tls, Version

# The last character of the salt has two bits: bcrypt takes no other.
_BCRYPT: Final = re.compile(
    r"\$2[abxy]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}", re.ASCII
)

# The toolkit's closed set; an empty tuple takes every value.
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
    "Content-Security-Policy": (),
}
_INLINE: Final = {"cert": "cert_file", "key": "key_file", "client_ca": "client_ca_file"}


class WebConfiguration(NamedTuple):
    """Users are names and bcrypt hashes; headers are added to every answer."""

    tls: Tls | None = None
    headers: tuple[tuple[str, str], ...] = ()
    users: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "<web configuration>"


class _TlsEntry(Strict, frozen=True):
    cert_file: str = ""
    key_file: str = ""
    client_auth_type: str = ""
    client_ca_file: str = ""
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()
    cert: str = ""
    key: str = ""
    client_ca: str = ""


class _HttpEntry(Strict, frozen=True):
    http2: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class _File(Strict, frozen=True):
    tls_server_config: _TlsEntry | None = None
    http_server_config: _HttpEntry = _HttpEntry()
    basic_auth_users: dict[str, str] = msgspec.field(default_factory=dict)


_SECTIONS: Final[Mapping[str, type[Strict]]] = {
    "tls_server_config": _TlsEntry,
    "http_server_config": _HttpEntry,
}
_TEXTS: Final = ("headers", "basic_auth_users")


def parse(text: bytes, path: Path) -> WebConfiguration:
    """The web configuration in the text of the file at `path`.

    Relative files are relative to the folder of that file.
    Raises `ConfigurationError` naming the file, the path within it and what was expected.
    """
    with reading(path):
        document = _without_nulls(decoded(text))
        file = msgspec.convert({} if document is None else document, _File)
        return WebConfiguration(
            _tls(file.tls_server_config, path.parent),
            _headers(file.http_server_config),
            _users(file.basic_auth_users),
        )


def _without_nulls(value: Any, kind: type[Strict] = _File) -> Any:
    """The toolkit ignores a known key without a value, and takes a null text for an empty one."""
    if not isinstance(value, dict):
        return value
    given = {}
    for key, inner in value.items():
        if key in _SECTIONS:
            within = _without_nulls(inner, _SECTIONS[key])
            inner = None if within == {} else within  # noqa: PLW2901
        elif key in _TEXTS and isinstance(inner, dict):
            inner = {k: "" if text is None else text for k, text in inner.items()}  # noqa: PLW2901
        if inner is not None or key not in kind.__struct_fields__:
            given[key] = inner
    return given


def _tls(entry: _TlsEntry | None, folder: Path) -> Tls | None:
    if entry is None:
        return None
    for name, instead in _INLINE.items():
        if getattr(entry, name):
            place = f"$.tls_server_config.{name}"
            raise WrongValue(place, f"certificates are read from files: expected `{instead}`")
    for name in ("cert_file", "key_file"):
        if not getattr(entry, name):
            expected = f"expected `cert_file` and `key_file`, and there is no `{name}`"
            raise WrongValue("$.tls_server_config", expected)
    return Tls(
        cert_file=folder / entry.cert_file,
        key_file=folder / entry.key_file,
        client_auth_type=entry.client_auth_type or "NoClientCert",
        client_ca_file=folder / entry.client_ca_file if entry.client_ca_file else None,
        client_allowed_sans=entry.client_allowed_sans,
        min_version=entry.min_version,
        max_version=entry.max_version,
        cipher_suites=entry.cipher_suites,
        prefer_server_cipher_suites=entry.prefer_server_cipher_suites,
        curve_preferences=entry.curve_preferences,
    )


def _headers(entry: _HttpEntry) -> tuple[tuple[str, str], ...]:
    if entry.http2:
        raise WrongValue("$.http_server_config.http2", "HTTP/2 is not spoken: expected false")
    for name, value in entry.headers.items():
        place = f"$.http_server_config.headers.{name}"
        if name not in _HEADERS:
            raise WrongValue(place, f"expected one of {', '.join(_HEADERS)}")
        if _HEADERS[name] and value not in _HEADERS[name]:
            raise WrongValue(place, f"expected {' or '.join(_HEADERS[name])}")
        if not value.isascii() or (value and not value.isprintable()):
            raise WrongValue(place, "expected printable ASCII characters on one line")
    return tuple((name, value) for name, value in entry.headers.items() if value)


def _users(entry: Mapping[str, str]) -> Mapping[str, str]:
    """The users, or an error that repeats no hash."""
    for name, hashed in entry.items():
        place = f"$.basic_auth_users.{name}"
        if ":" in name:
            raise WrongValue(place, "expected a name without a colon: no client can send one")
        if not _BCRYPT.fullmatch(hashed):
            raise WrongValue(place, "expected a bcrypt hash, such as `htpasswd -nBC 10 ''` prints")
    return entry
