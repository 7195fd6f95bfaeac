"""Where values stand in a JSON text that no decoder takes."""

import pytest

from exporter.api import spans
from exporter.loop import finished


def members(text: bytes) -> dict[bytes, bytes]:
    found = finished(spans.members(text, (0, len(text))))
    return {k: text[slice(*s)].strip() for k, s in found.items()}


def elements(text: bytes, most: int = 9) -> list[bytes]:
    found = spans.elements(text, (0, len(text)), most=most)
    return [text[slice(*span)].strip() for span in found if span is not None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"{}", {}, id="empty"),
        pytest.param(b' { "a" : 1 , "b":[1,{}] } ', {b"a": b"1", b"b": b"[1,{}]"}, id="two"),
        pytest.param(b'{"a":1,"a":2}', {b"a": b"2"}, id="the last of equal ones"),
        pytest.param(rb'{"a\"]":"}\\"}', {rb"a\"]": rb'"}\\"'}, id="brackets and quotes in text"),
        pytest.param(
            b'{"a":' + b"[" * 9999 + b"]" * 9999 + b"}", {b"a": b"[" * 9999 + b"]" * 9999}
        ),
        pytest.param(b'{"a":NaN,"b":"\\x\xff"}', {b"a": b"NaN", b"b": b'"\\x\xff"'}, id="odd"),
    ],
)
def test_members(text: bytes, expected: dict[bytes, bytes]) -> None:
    """Each value as it stands there, whatever it is."""
    assert members(text) == expected


def test_elements() -> None:
    """In their order, up to a bound."""
    assert elements(b'[1, {"a":[2]},"]"]') == [b"1", b'{"a":[2]}', b'"]"']
    with pytest.raises(ValueError, match="more than 2 elements"):
        elements(b"[1,2,3]", most=2)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1',
        b'{"a":1}x',
        b'x{"a":1}',
        b"{1}",
        b'{"a}',
        b'{"a\\',
        b'{"a":[}',
        pytest.param(b'{"a":"' + b'\\"' * 1_000_000, id="a million escaped quotes, unclosed"),
        pytest.param(b'{"' + b'\\"' * 1_000_000 + b":1}", id="a million in a key"),
        pytest.param(b'{"a":' + b"[" * 1_000_000, id="a million unclosed arrays"),
    ],
)
def test_what_is_no_object(text: bytes) -> None:
    """Told at once: a search that begins again at each quote would not end in a lifetime."""
    with pytest.raises(ValueError, match=r"expected|without a key|does not end|follows"):
        members(text)
