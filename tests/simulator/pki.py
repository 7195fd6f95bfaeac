"""Certificates made for these tests: builders with valid defaults."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tests.simulator.simulated import NOW

MOMENT = datetime.fromtimestamp(NOW, UTC)


@dataclass(frozen=True)
class Pair:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pkey(self) -> str:
        """The key, unencrypted, in PKCS #8."""
        return self.key_as(PrivateFormat.PKCS8)

    def key_as(self, form: PrivateFormat, password: bytes | None = None) -> str:
        """The key in that form, encrypted where there is a password."""
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        text: bytes = self.key.private_bytes(Encoding.PEM, form, encryption)
        return text.decode()


@cache
def key(kind: str, number: int = 1) -> Any:
    """A key of that kind; `number` tells several apart."""
    del number
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65_537, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p192": ec.SECP192R1()}[kind])


def pair(
    common_name: str | None = "*.example.com",
    *,
    kind: str = "p256",
    number: int = 1,
    sans: tuple[str, ...] = (),
    issuer: Pair | None = None,
    authority: bool = False,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=89),
    serial: int = 0x03AB12,
) -> Pair:
    """A certificate that is valid at the tests' moment, signed by `issuer` or by itself."""
    own = key(kind, number)
    subject = _name(common_name)
    signer = issuer.key if issuer else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(serial)
        .not_valid_before(MOMENT + begins)
        .not_valid_after(MOMENT + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if sans:
        names = x509.SubjectAlternativeName([x509.DNSName(san) for san in sans])
        builder = builder.add_extension(names, critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else SHA256()
    return Pair(builder.sign(signer, algorithm), own)


@cache
def chain() -> tuple[Pair, Pair, Pair]:
    """A leaf for `*.example.com`, the intermediate that signed it, and the root above."""
    root = pair("Root", number=2, authority=True)
    intermediate = pair("Intermediate", number=3, issuer=root, authority=True)
    return pair("*.example.com", number=4, issuer=intermediate), intermediate, root


def upload(**overrides: Any) -> dict[str, Any]:
    """The body of an upload that is accepted; None leaves a field out."""
    leaf, intermediate, _ = chain()
    body = {
        "name": "my-upload",
        "cn": "*.example.com",
        "chain": leaf.pem + intermediate.pem,
        "pkey": leaf.pkey,
    }
    return {key: value for key, value in {**body, **overrides}.items() if value is not None}


def _name(common_name: str | None) -> x509.Name:
    if common_name is None:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
