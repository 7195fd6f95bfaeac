"""`tls_server_config` as an SSL context, or an error that says what Python cannot do."""

import ipaddress
import ssl
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from exporter.config.document import MOST_PEM_BYTES, WrongValue, content
from exporter.web.access.configuration import Tls

_PLACE: Final = "$.tls_server_config"

_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
# Go's names of client authentication that OpenSSL has too.
_VERIFICATION: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# These take any certificate for good, which Python's ssl module cannot be told.
_UNVERIFIED: Final = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")

_TLS13_SUITES: Final = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
)
_SUITES: Final = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
_CURVES: Final = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}


def context(tls: Tls) -> ssl.SSLContext:
    """A server's context for these settings.

    Raises `WrongValue` for files that cannot be used and for what Python cannot honour.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_alpn_protocols(["http/1.1"])
    made.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # A resumed session would be believed without another look at the client's certificate.
    made.options |= ssl.OP_NO_TICKET
    made.num_tickets = 0
    _set_versions(made, tls)
    _set_ciphers(made, tls)
    _set_curves(made, tls.curve_preferences)
    _set_client_authentication(made, tls)
    _load_certificate(made, tls)
    return made


def admitted(tls: Tls, certificate: Mapping[str, Any] | None) -> bool:
    """Whether a client with this certificate, as `getpeercert` gives it, may go on."""
    if not tls.client_allowed_sans:
        return True
    names = (certificate or {}).get("subjectAltName", ())
    return any(_san(kind, value) in tls.client_allowed_sans for kind, value in names)


def _san(kind: str, value: str) -> str | None:
    if kind in ("DNS", "email", "URI"):
        return value
    try:
        return str(ipaddress.ip_address(value.strip())) if kind == "IP Address" else None
    except ValueError:
        return None


def _set_versions(made: ssl.SSLContext, tls: Tls) -> None:
    if tls.min_version > tls.max_version:
        said = f"expected {tls.max_version} or less: no version would be left"
        raise WrongValue(f"{_PLACE}.min_version", said)
    with warnings.catch_warnings():
        # It was asked for by name.
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = _VERSIONS[tls.min_version]
        made.maximum_version = _VERSIONS[tls.max_version]
    # OpenSSL signs nothing of TLS 1.0 and 1.1 at its usual security level.
    if tls.min_version < "TLS12":
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
    made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.prefer_server_cipher_suites:
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE


def _set_ciphers(made: ssl.SSLContext, tls: Tls) -> None:
    """Up to TLS 1.2; those of TLS 1.3 are not for choosing, in Go as in Python."""
    place = f"{_PLACE}.cipher_suites"
    for name in tls.cipher_suites:
        if name not in _SUITES and name not in _TLS13_SUITES:
            raise WrongValue(place, f"{name!r}: expected Go's name of a secure cipher suite")
    wanted = [_SUITES[name] for name in tls.cipher_suites if name in _SUITES]
    if tls.cipher_suites and not wanted:
        if tls.max_version != "TLS13":
            raise WrongValue(place, f"expected a cipher suite of {tls.max_version}")
        made.minimum_version = ssl.TLSVersion.TLSv1_3
    if wanted:
        level = ":@SECLEVEL=0" if tls.min_version < "TLS12" else ""
        try:
            made.set_ciphers(":".join(wanted) + level)
        except ssl.SSLError as exc:
            raise WrongValue(place, "none of them is in this machine's OpenSSL") from exc
        known = {cipher["name"] for cipher in made.get_ciphers()}
        for name in tls.cipher_suites:
            if name in _SUITES and _SUITES[name] not in known:
                raise WrongValue(place, f"{name}: this machine's OpenSSL does not have it")


def _set_curves(made: ssl.SSLContext, names: Sequence[str]) -> None:
    place = f"{_PLACE}.curve_preferences"
    for name in names:
        if name not in _CURVES:
            raise WrongValue(place, f"{name!r}: expected one of {', '.join(_CURVES)}")
    if len(names) > 1:
        raise WrongValue(place, "Python can be told one curve only: expected one, or none")
    for name in names:
        made.set_ecdh_curve(_CURVES[name])


def _set_client_authentication(made: ssl.SSLContext, tls: Tls) -> None:
    place = f"{_PLACE}.client_auth_type"
    if tls.client_auth_type in _UNVERIFIED:
        said = f"Python verifies every certificate that it asks for, which {tls.client_auth_type}"
        raise WrongValue(place, f"{said} does not: expected RequireAndVerifyClientCert")
    if tls.client_auth_type not in _VERIFICATION:
        raise WrongValue(place, f"expected one of {', '.join(_VERIFICATION)}")
    made.verify_mode = _VERIFICATION[tls.client_auth_type]
    if tls.client_allowed_sans and made.verify_mode != ssl.CERT_REQUIRED:
        raise WrongValue(
            f"{_PLACE}.client_allowed_sans",
            "expected `client_auth_type: RequireAndVerifyClientCert` beside it",
        )
    if tls.client_ca_file is None:
        if made.verify_mode != ssl.CERT_NONE:
            made.load_default_certs(ssl.Purpose.CLIENT_AUTH)  # as Go does
        return
    if made.verify_mode == ssl.CERT_NONE:
        said = "expected `client_auth_type` beside it: nobody is asked for a certificate"
        raise WrongValue(f"{_PLACE}.client_ca_file", said)
    _load_authorities(made, tls.client_ca_file)


def _load_authorities(made: ssl.SSLContext, path: Path) -> None:
    place = f"{_PLACE}.client_ca_file"
    pem = _text(path, place)
    try:
        made.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as exc:
        raise WrongValue(place, f"expected certificates in PEM, and {path} has none") from exc


def _load_certificate(made: ssl.SSLContext, tls: Tls) -> None:
    for name, path in (("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        _text(path, f"{_PLACE}.{name}")
    try:
        # Without a password of ours OpenSSL would ask the terminal for one.
        made.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (ssl.SSLError, ValueError) as exc:
        why = exc.reason if isinstance(exc, ssl.SSLError) and exc.reason else "not PEM"
        said = f"expected a certificate and its unencrypted key in PEM: {why}"
        raise WrongValue(
            f"{_PLACE}.cert_file", f"{said} ({tls.cert_file}, {tls.key_file})"
        ) from exc
    except OSError as exc:  # it has changed since it was read
        raise WrongValue(f"{_PLACE}.cert_file", f"cannot be read: {exc.strerror}") from exc


def _text(path: Path, place: str) -> str:
    try:
        return content(path, most=MOST_PEM_BYTES).decode("ascii", "replace")
    except OSError as exc:
        raise WrongValue(place, f"{path} cannot be read: {exc.strerror}") from exc
