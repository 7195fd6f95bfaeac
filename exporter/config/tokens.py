"""Tokens: where they come from, and how they show themselves to nobody."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from exporter.config.document import content
from exporter.errors import Unauthorized


class Token:
    """A bearer token; only `value` gives it away, no `repr` and no message."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<token>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class TokenFile(NamedTuple):
    """A token that is read from a file each time, so that rotation needs no restart."""

    path: Path

    def read(self) -> Token:
        """The token now. Raises `Unauthorized` where the file holds none."""
        try:
            text = content(self.path)
        except OSError as exc:
            raise Unauthorized(f"token file {self.path}: {exc.strerror}") from exc
        return token(text.decode("latin-1"), f"token file {self.path}")


class TokenVariable(NamedTuple):
    """A token from an environment variable, which cannot change while the process runs."""

    name: str
    token: Token

    def read(self) -> Token:
        """The token."""
        return self.token


TokenSource = TokenFile | TokenVariable


_EXPECTATIONS: Final = tuple(
    (re.compile(mistake, re.ASCII | re.DOTALL), expected)
    for mistake, expected in (
        (r"\Z", "a token, and it is empty"),
        # U+FEFF, and its bytes in UTF-8 and in UTF-16, each read as a character.
        (
            "\ufeff|\xef\xbb\xbf|\xff\xfe|\xfe\xff",
            "a token without a byte order mark (BOM) before it",
        ),
        # A token in Base64 has `=` at its end only.
        (
            r"(?:export\s+|set\s+|\$env:)?(?:[A-Z][A-Z0-9_]*|(?i:\w*token))\s*=\s*[^=\s]",
            "the token alone, without an assignment such as `UKC_TOKEN=` before it",
        ),
        (r"(?i:bearer)\s", "the token alone, without `Bearer` before it"),
        (r"[\"'`]|.*[\"'`]\Z", "a token without quotes around it"),
        (r".*[^!-~]", "a token of visible ASCII characters, on one line"),
    )
)
"""What people save in place of a token, and what was expected; the first that matches counts."""


def token(text: str, place: str) -> Token:
    """The token in a text; raises `Unauthorized`, which never repeats the text."""
    value = text.strip()
    for mistake, expected in _EXPECTATIONS:
        if mistake.match(value):
            raise Unauthorized(f"{place}: expected {expected}")
    return Token(value)
