"""What a certificate says of itself."""

import pytest

from tests.world.builders import NOT_AFTER, certificate


@pytest.mark.parametrize(
    ("common_name", "want"),
    [("*.example.com", True), ("example.com", False), ("*example.com", False), ("", False)],
)
def test_wildcard(common_name: str, want: bool) -> None:
    """A wildcard stands for one whole label (RFC 6125, section 6.4.3)."""
    assert want is certificate(common_name=common_name).wildcard


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, NOT_AFTER - 1709838371),
        ({"not_before": None}, None),
        ({"not_after": None}, None),
        ({"not_before": NOT_AFTER}, None),
        ({"not_before": NOT_AFTER + 1}, None),
    ],
)
def test_lifetime(overrides: dict[str, object], expected: int | None) -> None:
    """A validity that ends before it begins has none."""
    assert certificate(**overrides).lifetime == expected
