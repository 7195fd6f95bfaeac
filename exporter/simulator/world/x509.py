"""Uploads: what a chain in PEM says, once it holds together link by link."""

import re
import warnings
from datetime import UTC, datetime

import msgspec

from exporter.simulator.http.answers import Code, RequestError, invalid

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

    Raises a 400 where the chain is not one, the key is another's, the name is not in it or it has
    expired, and a 501 where the extra `simulator` is not installed.
    """
    if not available():
        raise RequestError(
            501,
            "Uploads need the extra: pip install 'ukc-certificate-exporter[simulator]'",
            Code.NOT_SUPPORTED,
        )
    # Only an upload needs cryptography: everything else runs without the extra.
    from exporter.simulator.world import chains  # noqa: PLC0415

    blocks = [found[0] for found in _PEM.finditer(chain)]
    if not blocks or re.sub(r"\s", "", _PEM.sub("", chain)):
        raise invalid("chain: expected certificates in PEM and nothing else")
    if len(blocks) > _CHAIN_LIMIT:
        raise invalid(f"chain: more than {_CHAIN_LIMIT} certificates", Code.TOO_MANY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = chains.verified(blocks, _private_key(pkey))
    if chains.folded(common_name) not in chains.names(found):
        raise invalid(f"The certificate is not for '{common_name}'", Code.CN_MISMATCH)
    if found.not_valid_after_utc.timestamp() <= now:
        expired = found.not_valid_after_utc.astimezone(UTC).isoformat()
        raise invalid(f"The certificate expired at {expired}")
    return Leaf(
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        serial_number=_hexadecimal(found.serial_number),
        not_before=_seconds(found.not_valid_before_utc),
        not_after=_seconds(found.not_valid_after_utc),
    )


def _private_key(pkey: str) -> str:
    """The one private key; what openssl writes beside it, such as EC parameters, is left out."""
    keys = [found[0] for found in _PEM.finditer(pkey) if found[1].endswith("PRIVATE KEY")]
    if len(keys) != 1 or len(keys[0]) > _KEY_LIMIT:
        raise invalid("pkey: expected one unencrypted private key in PEM")
    return keys[0]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _hexadecimal(number: int) -> str:
    """As openssl prints it: upper case, an even number of digits."""
    digits = f"{number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)
