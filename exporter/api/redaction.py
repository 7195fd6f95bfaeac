"""Text from outside with the token blotted out, so that it reaches no label, log line or error."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

BLOT: Final = "[token]"

_SHORTEST_SECRET: Final = 8
_PIECE: Final = 1 << 20

Text = TypeVar("Text", str, bytes, bytearray)


def without(secret: str, text: Text) -> Text:
    """The text with `[token]` in place of the secret, which is visible ASCII.

    In bytes the secret may be spelled as JSON strings may spell it: each character as it is, as
    `\\u00hh`, or some behind a backslash (RFC 8259, section 7). So what is decoded from the result
    does not hold the secret.
    Real tokens are long; one so short that it is a word by chance is left alone.
    """
    if len(secret) < _SHORTEST_SECRET:
        return text
    if isinstance(text, str):
        return text.replace(secret, BLOT)
    forms = _forms(secret)
    pieces = list(_pieces(len(text), overlap=6 * len(secret)))
    if any(forms.escape.search(text, *piece) for piece in pieces):
        if any(forms.spelled.search(text, *piece) for piece in pieces):
            return type(text)(forms.spelled.sub(BLOT.encode(), text))
    elif any(text.find(forms.plain, *piece) >= 0 for piece in pieces):
        return text.replace(forms.plain, BLOT.encode())
    return text


class _Forms(NamedTuple):
    """A secret as it is, any escape that stands for one of its characters, and any spelling.

    Looking for the second first is ten times as fast as looking for the third.
    """

    plain: bytes
    escape: re.Pattern[bytes]
    spelled: re.Pattern[bytes]


@lru_cache(maxsize=16)
def _forms(secret: str) -> _Forms:
    plain = secret.encode("ascii")
    escapes = b"|".join(_escaped(code) for code in sorted(set(plain)))
    # Escapes first: the backslash that one begins with is not the token's own.
    each = (b"(?:%b|%b)" % (_escaped(code), re.escape(bytes((code,)))) for code in plain)
    return _Forms(plain, re.compile(escapes), re.compile(b"".join(each)))


def _escaped(code: int) -> bytes:
    digits = b"".join(
        bytes((digit,)) if digit <= ord("9") else b"[%c%c]" % (digit, digit - 32)
        for digit in b"%02x" % code
    )
    behind = rb"|\\%b" % re.escape(bytes((code,))) if code in b'"\\/' else b""
    return rb"\\u00" + digits + behind


def _pieces(length: int, *, overlap: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each mebibyte and a little more: no thread runs during a search."""
    return ((start, start + _PIECE + overlap) for start in range(0, length, _PIECE))
