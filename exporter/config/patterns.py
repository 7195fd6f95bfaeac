"""Regular expressions of the operator: RE2, as in Prometheus (decisions/0405)."""

from typing import Any, Final

import re2

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.never_capture = True


class Pattern:
    """A regular expression that is matched in time linear in the text; equal by its `text`.

    Raises ValueError for a text that is no expression of RE2.
    """

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled: Any
        try:
            self._compiled = re2.compile(text.encode(), _OPTIONS)
        except UnicodeEncodeError as exc:
            raise ValueError("expected a regular expression (RE2): half a surrogate pair") from exc
        except re2.error as exc:
            reason = exc.args[0].decode("utf-8", "replace")
            raise ValueError(f"expected a regular expression (RE2): {reason}") from exc

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text matches."""
        return self._compiled.fullmatch(text.encode("utf-8", "replace")) is not None

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)
