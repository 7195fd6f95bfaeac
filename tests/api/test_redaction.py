"""Text that repeats the token in, text without it out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.redaction import without
from tests.world.leaks import MARK

TOKEN = f"cm9ib3Qk/{MARK}+="
CODES = "".join(f"\\u{ord(c):04x}" for c in TOKEN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(TOKEN, "[token]", id="nothing else"),
        pytest.param(f"Bearer {TOKEN} {TOKEN}!", "Bearer [token] [token]!", id="twice"),
        pytest.param(TOKEN[:-1], TOKEN[:-1], id="a part"),
        pytest.param("", "", id="empty"),
        pytest.param("caf\u00e9", "caf\u00e9", id="not ASCII"),
    ],
)
def test_text_and_bytes(text: str, expected: str) -> None:
    """A token is as long as it is: a part of it is another text."""
    assert without(TOKEN, text) == expected
    assert without(TOKEN, text.encode()) == expected.encode()
    assert without(TOKEN, bytearray(text.encode())) == bytearray(expected.encode())


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN.replace("/", "\\/"),
        TOKEN.replace("=", "\\u003d"),
        TOKEN.replace("=", "\\u003D"),
        TOKEN.replace("+", "\\u002B").replace("/", "\\/"),
        CODES,
        CODES.upper().replace("U", "u"),
    ],
)
def test_spellings_of_json(spelled: str) -> None:
    """A string that is decoded from the rest has nothing of it."""
    document = f'{{"message": "bad token {spelled}, sorry \\u0026 bye"}}'
    redacted = without(TOKEN, document.encode())

    assert json.loads(document)["message"] == f"bad token {TOKEN}, sorry & bye"
    assert json.loads(redacted)["message"] == "bad token [token], sorry & bye"


@pytest.mark.parametrize("before", [0, (1 << 20) - 9, (1 << 20) - 1, 1 << 20])
@pytest.mark.parametrize("spelled", [TOKEN, TOKEN.replace("=", "\\u003d"), CODES])
def test_wherever_it_stands(before: int, spelled: str) -> None:
    """Also where a search of a mebibyte ends."""
    assert without(TOKEN, b" " * before + spelled.encode()) == b" " * before + b"[token]"


def test_a_word_that_is_a_token_by_chance_stays() -> None:
    """A short token of a simulator does not blot out parts of names."""
    assert without("valid", b'{"state": "valid"}') == b'{"state": "valid"}'
    assert without("valid", "valid") == "valid"


@given(st.data(), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_any_token_in_any_spelling(data: st.DataObject, token: str) -> None:
    """Nothing that is decoded holds it."""
    spelled = "".join(data.draw(st.sampled_from(spellings(character))) for character in token)
    document = f'["{spelled}", "x{spelled}x"]'
    assert json.loads(document) == [token, f"x{token}x"]
    redacted = json.loads(without(token, document.encode()))

    assert redacted == ["[token]", "x[token]x"] or token in "[token]x"


def spellings(character: str) -> list[str]:
    """How a JSON string may spell a character of visible ASCII."""
    code = f"{ord(character):04x}"
    plain = [f"\\{character}"] if character in '"\\' else [character]
    return [*plain, f"\\u{code}", f"\\u{code.upper()}", *(["\\/"] if character == "/" else [])]
