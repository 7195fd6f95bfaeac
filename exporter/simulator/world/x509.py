"""Uploads: what a chain in PEM says, once it holds together link by link."""

import re
import warnings
from datetime import UTC, datetime

import msgspec

from exporter.simulator.world.names import folded
from exporter.simulator.world.refusal import RefusedError

_CHAIN_LIMIT = 10
_KEY_LIMIT = 8_192  # characters; an RSA key of 8192 bits has 6,400
_PEM = re.compile(
    r"-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n[A-Za-z0-9+/=\s]{1,65536}-----END \1-----", re.ASCII
)


class Leaf(msgspec.Struct, frozen=True):
    """What the uploaded certificate itself says. Times are Unix seconds."""

    subject: str
    issuer: str
    serial_number: str
    not_before: int
    not_after: int


def available() -> bool:
    """Whether uploads can be read: they need the package's extra `simulator`."""
    try:
        import cryptography  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def leaf(chain: str, pkey: str, common_name: str, now: float) -> Leaf:
    """The certificate that the key belongs to, as the chain has it.

    Raises RefusedError where the chain is not one, the key is another's, the name is not in it, it
    has expired, or (`unsupported`) the extra `simulator` is not installed.
    """
    if not available():
        message = "Uploads need the extra: pip install 'ukc-certificate-exporter[simulator]'"
        raise RefusedError(message, "unsupported")
    # Only an upload needs cryptography: everything else runs without the extra.
    from exporter.simulator.world import chains  # noqa: PLC0415

    blocks = [match[0] for match in _PEM.finditer(chain)]
    if not blocks or re.sub(r"\s", "", _PEM.sub("", chain)):
        raise RefusedError("chain: expected certificates in PEM and nothing else")
    if len(blocks) > _CHAIN_LIMIT:
        raise RefusedError(f"chain: more than {_CHAIN_LIMIT} certificates", "too-many")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        certificate = chains.verified(blocks, _private_key(pkey))
    if folded(common_name) not in chains.names(certificate):
        raise RefusedError(f"The certificate is not for '{common_name}'", "mismatch")
    if certificate.not_valid_after_utc.timestamp() <= now:
        expired = certificate.not_valid_after_utc.astimezone(UTC).isoformat()
        raise RefusedError(f"The certificate expired at {expired}")
    return Leaf(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial_number=_hexadecimal(certificate.serial_number),
        not_before=_seconds(certificate.not_valid_before_utc),
        not_after=_seconds(certificate.not_valid_after_utc),
    )


def _private_key(pkey: str) -> str:
    """The one private key; what openssl writes beside it, such as EC parameters, is left out."""
    keys = [match[0] for match in _PEM.finditer(pkey) if match[1].endswith("PRIVATE KEY")]
    if len(keys) != 1 or len(keys[0]) > _KEY_LIMIT:
        raise RefusedError("pkey: expected one unencrypted private key in PEM")
    return keys[0]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _hexadecimal(number: int) -> str:
    """As openssl prints it: upper case, an even number of digits."""
    digits = f"{number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)
