"""Certificate chains with the `cryptography` package: parsed, ordered, verified link by link."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from exporter.simulator.http.answers import invalid

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, NotImplementedError)
_RSA_BITS = range(2_048, 8_193)
_EC_BITS = 256


def verified(blocks: Sequence[str], pkey: str) -> x509.Certificate:
    """The leaf of a chain given in any order; a 400 where it does not hold together."""
    certificates = [_certificate(block, n) for n, block in enumerate(blocks, start=1)]
    key = _private_key(pkey).public_key()
    leaf = next((c for c in certificates if _public_key(c) == key), None)
    if leaf is None:
        raise invalid("pkey: not the key of any certificate in the chain")
    rest = [certificate for certificate in certificates if certificate is not leaf]
    link = leaf
    while rest:
        issuer = next((c for c in rest if _issued(link, c)), None)
        if issuer is None:
            raise invalid(f"chain: no certificate in it issued '{link.subject.rfc4514_string()}'")
        rest.remove(issuer)
        link = issuer
    return leaf


def names(certificate: x509.Certificate) -> set[str]:
    """The domains it is for: its common names, and its alternative names of the kind DNS."""
    found = {
        str(attribute.value)
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    }
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found.update(san.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        pass
    except _UNREADABLE as exc:
        raise invalid(f"chain: an extension cannot be read: {exc}") from exc
    return {folded(name) for name in found}


def folded(name: str) -> str:
    """A domain name for comparison: case and a trailing dot do not matter."""
    return name.lower().removesuffix(".")


def _certificate(block: str, number: int) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificate(block.encode("ascii"))
        # What is lazily parsed is looked at here, so that nothing later can fail on it.
        found.subject.rfc4514_string(), found.issuer.rfc4514_string()
        found.not_valid_before_utc, found.not_valid_after_utc  # noqa: B018
        serial = found.serial_number
    except _UNREADABLE as exc:
        raise invalid(f"chain: certificate {number} cannot be read: {exc}") from exc
    if not 0 < serial < 1 << 256:
        raise invalid(f"chain: certificate {number} has a serial number out of range")
    return found


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
        raise invalid("pkey: expected one unencrypted private key in PEM") from exc
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size not in _RSA_BITS:
            raise invalid(f"pkey: an RSA key of {key.key_size} bits")
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.key_size < _EC_BITS:
            raise invalid(f"pkey: an ECDSA key of {key.curve.key_size} bits")
        return key
    raise invalid("pkey: expected an RSA or ECDSA key")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
        certificate.verify_directly_issued_by(issuer)
    except (*_UNREADABLE, x509.ExtensionNotFound, InvalidSignature):
        return False
    return basic.value.ca
