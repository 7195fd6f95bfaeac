"""Tokens: where they come from, and how they show themselves to nobody."""

from pathlib import Path
from typing import NamedTuple

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


def token(text: str, place: str) -> Token:
    """The token in a text; raises `Unauthorized`, which never repeats the text."""
    value = text.strip()
    if not value:
        raise Unauthorized(f"{place}: expected a token, and it is empty")
    if not all("!" <= character <= "~" for character in value):
        raise Unauthorized(f"{place}: expected a token of visible ASCII characters, on one line")
    return Token(value)
