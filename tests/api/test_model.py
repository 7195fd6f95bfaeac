"""What a certificate says of itself."""

import pytest

from tests.world.builders import certificate

R3 = "CN=R3,O=Let's Encrypt,C=US"


@pytest.mark.parametrize(
    ("common_name", "issuer", "want"),
    [
        pytest.param("example.com", R3, "automatic", id="requested by the platform"),
        pytest.param("example.com", "CN=E6,O=Let\u2019s Encrypt", "automatic", id="typographic"),
        pytest.param("example.com", "CN=(STAGING) let's encrypt", "automatic", id="any case"),
        pytest.param("*.example.com", R3, "manual", id="wildcards are uploaded"),
        pytest.param("example.com", "CN=Company CA", "manual", id="another authority"),
        pytest.param("example.com", "", "unknown", id="not issued yet"),
        pytest.param("*.example.com", "", "unknown", id="wildcard without an issuer"),
    ],
)
def test_renewal(common_name: str, issuer: str, want: str) -> None:
    """Only what the platform requested itself is renewed by it."""
    assert want == certificate(common_name=common_name, issuer=issuer).renewal


@pytest.mark.parametrize(
    ("common_name", "want"),
    [("*.example.com", True), ("example.com", False), ("*example.com", False), ("", False)],
)
def test_wildcard(common_name: str, want: bool) -> None:
    """A wildcard stands for one whole label (RFC 6125, section 6.4.3)."""
    assert want is certificate(common_name=common_name).wildcard
