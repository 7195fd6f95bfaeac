"""Where values stand in a JSON text, without decoding any of them.

For answers of which a decoder refuses the whole because of one item: nested too deeply, half a
surrogate, an escape that there is not. It nests nothing itself, and stops at a bound.
"""

import re
from collections.abc import Iterator
from typing import Final

from exporter.loop import Steps

TOKENS: Final = 1 << 16
"""Brackets, commas and strings between two pauses: some 20 ms."""

Span = tuple[int, int]

# Nothing is tried twice (`*+`), and a string that is not closed takes the rest: looked for at each
# of its quotes, 40 KB of escaped ones would take ten seconds, in which no thread runs.
_STRING: Final = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)'
_TOKEN: Final = re.compile(_STRING + rb'"?|[\[\]{},]', re.DOTALL)
_KEY: Final = re.compile(rb"\s*+" + _STRING + rb'"\s*+:', re.DOTALL)
_DEEPER: Final = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}


def members(text: bytes | bytearray, span: Span) -> Steps[dict[bytes, Span]]:
    """The values of the object at `span` by their keys, of equal ones the last.

    Raises ValueError where there is no object, or where it does not end.
    """
    found: dict[bytes, Span] = {}
    for element in elements(text, span, opening=b"{"):
        if element is None:
            yield
            continue
        key = _KEY.match(text, *element)
        if key is None:
            raise ValueError("a member without a key")
        found[bytes(key[1])] = (key.end(), element[1])
    return found


def elements(
    text: bytes | bytearray, span: Span, *, opening: bytes = b"[", most: int = 1_000_000
) -> Iterator[Span | None]:
    """The elements of the array at `span`, in their order; None for a pause after many tokens.

    Raises ValueError where there is no array, where it does not end with the span, or where it has
    more than `most` elements.
    """
    first = _TOKEN.search(text, *span)
    if first is None or first[0] != opening or text[span[0] : first.start()].strip():
        raise ValueError(f"expected {opening.decode()}")
    start, depth, count = first.end(), 1, 0
    for passed, token in enumerate(_TOKEN.finditer(text, first.end(), span[1]), 1):
        if not passed % TOKENS:
            yield None
        symbol = text[token.start()]
        depth += _DEEPER.get(symbol, 0)
        if depth == 0 or (depth == 1 and symbol == b","[0]):
            if text[start : token.start()].strip() or depth:
                count += 1
                if count > most:
                    raise ValueError(f"more than {most} elements")
                yield start, token.start()
            start = token.end()
        if depth == 0:
            if text[token.end() : span[1]].strip():
                raise ValueError("something follows it")
            return
    raise ValueError("it does not end")
