"""Domain names as DNS compares them."""

import pytest

from exporter.api.names import domain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("example.com", "example.com"),
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("*.Example.com.", "*.example.com"),
        ("", ""),
        (".", ""),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.Example.", "xn--bcher-kva.example"),
        ("*.b\u00fccher.example", "*.xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("b\u00fccher\u3002example", "xn--bcher-kva.example"),
        ("\u202eevil.example", "\u202eevil.example"),
        ("\udc80.example", "\udc80.example"),
    ],
)
def test_domain(text: str, expected: str) -> None:
    """Without case (RFC 4343), in A-labels (RFC 5890), without the root's dot."""
    assert domain(text) == expected
