"""Regular expressions of the operator, against names of any kind."""

import sys

import pytest

from exporter.config import Pattern


@pytest.mark.parametrize(
    ("pattern", "text", "want"),
    [
        ("corp-.*", "corp-a", True),
        ("corp-", "corp-a", False),
        (".*a", "corp-a\n", False),
        ("a|ab", "ab", True),
        ("(?i)CORP", "corp", True),
        ("[[:alpha:]]+", "abc", True),
        ("", "", True),
        ("", "a", False),
        ("bücher.*", "bücher.example", True),
        (".", "\ud800", True),
    ],
)
def test_the_whole_text_is_matched(pattern: str, text: str, want: bool) -> None:
    """In RE2's syntax, which is that of Prometheus."""
    assert Pattern(pattern).fullmatch(text) is want


@pytest.mark.parametrize("length", [44, 100_000])
@pytest.mark.parametrize(
    "pattern", [r"([a-z0-9]+-?)*\.example\.org", "(a*)*b", "(a|aa)+b", "((a{0,9}){0,9}){0,9}b"]
)
def test_no_pattern_is_slow(pattern: str, length: int) -> None:
    """Backtracking would take longer than the universe has been there."""
    assert Pattern(pattern).fullmatch("a" * length) is False


@pytest.mark.parametrize("text", ["(", "*", "a{1001}", "(?=a)", r"(a)\1", "a" * 900_000, "\ud800"])
def test_what_is_no_pattern(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    """One sentence, and nothing that the library writes itself."""
    with pytest.raises(ValueError, match=r"expected a regular expression \(RE2\): "):
        Pattern(text)
    sys.stderr.flush()

    assert capfd.readouterr() == ("", "")


def test_equal_texts_are_equal_patterns() -> None:
    """A reload compares configurations."""
    patterns = {Pattern("a.*"), Pattern("a." + "*"), Pattern("b")}

    assert len(patterns) == 2
    assert Pattern("a") != "a"
    assert repr(Pattern("a")) == "Pattern('a')"
