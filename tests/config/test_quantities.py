"""Durations as a person writes them."""

import pytest

from exporter.config.quantities import duration


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("60s", 60),
        ("1m30s", 90),
        ("500ms", 0.5),
        ("1h", 3600),
        ("1d12h", 129600),
        ("2w", 1209600),
        ("1y", 31536000),
        ("0", 0),
        (0, 0),
    ],
)
def test_durations(text: str | int, want: float) -> None:
    """Prometheus, "Configuration", `<duration>`."""
    assert duration(text) == want


@pytest.mark.parametrize("text", ["", "s", "1", 1, "1.5h", "1 m", "1S", "-1s", "\u0661s", "1s "])
def test_what_is_no_duration(text: str | int) -> None:
    """Units are needed, in their order."""
    with pytest.raises(ValueError, match="expected a Prometheus duration"):
        duration(text)
