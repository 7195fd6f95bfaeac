"""Certificate chains with the `cryptography` package: parsed, ordered, verified link by link."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from exporter.simulator.world.names import folded
from exporter.simulator.world.refusal import RefusedError

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, NotImplementedError)
_RSA_BITS = range(2_048, 8_193)
_EC_BITS = 256


def verified(blocks: Sequence[str], pkey: str) -> x509.Certificate:
    """The leaf of a chain given in any order; RefusedError where it does not hold together."""
    certificates = [_certificate(block, n) for n, block in enumerate(blocks, start=1)]
    key = _private_key(pkey).public_key()
    leaf = next((c for c in certificates if _public_key(c) == key), None)
    if leaf is None:
        raise RefusedError("pkey: not the key of any certificate in the chain")
    rest = [certificate for certificate in certificates if certificate is not leaf]
    link = leaf
    while rest:
        issuer = next((c for c in rest if _issued(link, c)), None)
        if issuer is None:
            subject = link.subject.rfc4514_string()
            raise RefusedError(f"chain: no certificate in it issued '{subject}'")
        rest.remove(issuer)
        link = issuer
    return leaf


def names(certificate: x509.Certificate) -> set[str]:
    """The domains it is for: its common names, and its alternative names of the kind DNS."""
    domains = {
        str(attribute.value)
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    }
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        domains.update(san.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        pass
    except _UNREADABLE as exc:
        raise RefusedError(f"chain: an extension cannot be read: {exc}") from exc
    return {folded(name) for name in domains}


def _certificate(block: str, number: int) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(block.encode("ascii"))
        # What is lazily parsed is looked at here, so that nothing later can fail on it.
        certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
        certificate.not_valid_before_utc, certificate.not_valid_after_utc  # noqa: B018
        serial = certificate.serial_number
    except _UNREADABLE as exc:
        raise RefusedError(f"chain: certificate {number} cannot be read: {exc}") from exc
    if not 0 < serial < 1 << 256:
        raise RefusedError(f"chain: certificate {number} has a serial number out of range")
    return certificate


def _public_key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except _UNREADABLE:
        return None


def _private_key(pem: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except _UNREADABLE as exc:
        # The parser's own words could quote what it read.
        raise RefusedError("pkey: expected one unencrypted private key in PEM") from exc
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in _RSA_BITS:
            raise RefusedError(f"pkey: an RSA key of {key.key_size} bits")
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.key_size < _EC_BITS:
            raise RefusedError(f"pkey: an ECDSA key of {key.curve.key_size} bits")
        return key
    raise RefusedError("pkey: expected an RSA or ECDSA key")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
        certificate.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, x509.ExtensionNotFound, InvalidSignature):
        return False
    return basic.value.ca
