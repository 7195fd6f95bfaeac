"""A server's TLS context from Go's settings, or an error that says what Python cannot do."""

import ipaddress
import ssl
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from exporter.config.document import MOST_PEM_BYTES, WrongValue, content
from exporter.web.listener.openssl import (
    CURVES,
    SUITES,
    TLS13_SUITES,
    UNVERIFIED,
    VERIFICATION,
    VERSIONS,
)

_PLACE: Final = "$.tls_server_config"

Version = Literal["TLS10", "TLS11", "TLS12", "TLS13"]

ClientCertificate = Mapping[str, Any] | None
"""As `ssl.SSLSocket.getpeercert` gives it; None where the client sent none."""


class Tls(NamedTuple):
    """`tls_server_config` (Prometheus exporter-toolkit, "Web configuration").

    Each value is one that the type allows; paths are absolute or relative to the process.
    """

    cert_file: Path
    key_file: Path
    client_auth_type: str = "NoClientCert"
    client_ca_file: Path | None = None
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[str, ...] = ()
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        named = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(file for file in named if file is not None)


class Handshake(NamedTuple):
    """How a connection begins: the server's context, and whom `admits` lets in after it."""

    context: ssl.SSLContext
    admits: Callable[[ClientCertificate], bool]

    @property
    def remembers(self) -> bool:
        """Whether a client of TLS 1.2 could resume a session, which is verified no more."""
        return bool(self.context.session_stats()["number"])


def handshake(tls: Tls, *, clock: Callable[[], float] = time.time) -> Handshake:
    """The handshake for these settings. `clock` gives Unix time.

    Raises `WrongValue` for files that cannot be used and for what Python cannot honour
    (decisions/0401).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # A resumed session skips the check of the client's certificate (decisions/0402); what is left
    # is a cache of TLS 1.2, which Python cannot turn off.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    _set_versions(context, tls)
    _set_ciphers(context, tls)
    _set_curves(context, tls.curve_preferences)
    _set_client_authentication(context, tls)
    _load_certificate(context, tls)
    return Handshake(context, partial(_admits, tls.client_allowed_sans, clock))


def _admits(
    sans: Sequence[str], clock: Callable[[], float], certificate: ClientCertificate
) -> bool:
    """Whether the certificate, where there is one, is valid still, and has one of these names.

    Without names every client may go on.
    """
    ends = (certificate or {}).get("notAfter")
    if ends is not None and ssl.cert_time_to_seconds(ends) < clock():
        return False
    if not sans:
        return True
    names = (certificate or {}).get("subjectAltName", ())
    return any(_san(kind, value) in sans for kind, value in names)


def _san(kind: str, value: str) -> str | None:
    if kind in ("DNS", "email", "URI"):
        return value
    try:
        return str(ipaddress.ip_address(value.strip())) if kind == "IP Address" else None
    except ValueError:
        return None


def _set_versions(context: ssl.SSLContext, tls: Tls) -> None:
    if tls.min_version > tls.max_version:
        expected = f"expected {tls.max_version} or less: no version would be left"
        raise WrongValue(f"{_PLACE}.min_version", expected)
    with warnings.catch_warnings():
        # Old versions are set only where the operator names them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS[tls.min_version]
        context.maximum_version = VERSIONS[tls.max_version]
    # OpenSSL signs nothing of TLS 1.0 and 1.1 at its usual security level.
    if tls.min_version < "TLS12":
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE


def _set_ciphers(context: ssl.SSLContext, tls: Tls) -> None:
    place = f"{_PLACE}.cipher_suites"
    for name in tls.cipher_suites:
        if name not in SUITES and name not in TLS13_SUITES:
            raise WrongValue(place, f"{name!r}: expected Go's name of a secure cipher suite")
    suites = [SUITES[name] for name in tls.cipher_suites if name in SUITES]
    if tls.cipher_suites and not suites:
        if tls.max_version != "TLS13":
            raise WrongValue(place, f"expected a cipher suite of {tls.max_version}")
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if suites:
        level = ":@SECLEVEL=0" if tls.min_version < "TLS12" else ""
        try:
            context.set_ciphers(":".join(suites) + level)
        except ssl.SSLError as exc:
            raise WrongValue(place, "none of them is in this machine's OpenSSL") from exc
        known = {cipher["name"] for cipher in context.get_ciphers()}
        for name in tls.cipher_suites:
            if name in SUITES and SUITES[name] not in known:
                raise WrongValue(place, f"{name}: this machine's OpenSSL does not have it")


def _set_curves(context: ssl.SSLContext, names: Sequence[str]) -> None:
    place = f"{_PLACE}.curve_preferences"
    for name in names:
        if name not in CURVES:
            raise WrongValue(place, f"{name!r}: expected one of {', '.join(CURVES)}")
    if len(names) > 1:
        raise WrongValue(place, "Python can be told one curve only: expected one, or none")
    for name in names:
        context.set_ecdh_curve(CURVES[name])


def _set_client_authentication(context: ssl.SSLContext, tls: Tls) -> None:
    place = f"{_PLACE}.client_auth_type"
    if tls.client_auth_type in UNVERIFIED:
        reason = f"Python verifies every certificate that it asks for, which {tls.client_auth_type}"
        raise WrongValue(place, f"{reason} does not: expected RequireAndVerifyClientCert")
    if tls.client_auth_type not in VERIFICATION:
        raise WrongValue(place, f"expected one of {', '.join(VERIFICATION)}")
    context.verify_mode = VERIFICATION[tls.client_auth_type]
    if tls.client_allowed_sans and context.verify_mode != ssl.CERT_REQUIRED:
        raise WrongValue(
            f"{_PLACE}.client_allowed_sans",
            "expected `client_auth_type: RequireAndVerifyClientCert` beside it",
        )
    if tls.client_ca_file is None:
        if context.verify_mode != ssl.CERT_NONE:
            context.load_default_certs(ssl.Purpose.CLIENT_AUTH)  # as Go does
        return
    if context.verify_mode == ssl.CERT_NONE:
        expected = "expected `client_auth_type` beside it: nobody is asked for a certificate"
        raise WrongValue(f"{_PLACE}.client_ca_file", expected)
    _load_authorities(context, tls.client_ca_file)


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    place = f"{_PLACE}.client_ca_file"
    pem = _text(path, place)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as exc:
        raise WrongValue(place, f"expected certificates in PEM, and {path} has none") from exc


def _load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    place = f"{_PLACE}.cert_file"
    for name, path in (("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        _text(path, f"{_PLACE}.{name}")
    try:
        # Without a password of ours OpenSSL would ask the terminal for one.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (ssl.SSLError, ValueError) as exc:
        reason = exc.reason if isinstance(exc, ssl.SSLError) and exc.reason else "not PEM"
        expected = f"expected a certificate and its unencrypted key in PEM: {reason}"
        raise WrongValue(place, f"{expected} ({tls.cert_file}, {tls.key_file})") from exc
    except OSError as exc:  # it has changed since it was read
        raise WrongValue(place, f"cannot be read: {exc.strerror}") from exc


def _text(path: Path, place: str) -> str:
    try:
        return content(path, most=MOST_PEM_BYTES).decode("ascii", "replace")
    except OSError as exc:
        raise WrongValue(place, f"{path} cannot be read: {exc.strerror}") from exc
