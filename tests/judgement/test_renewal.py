"""Who renews a certificate: evidence in, a verdict out."""

from typing import Any

import pytest

from exporter.config import Pattern, Renewal
from exporter.judgement import renewal
from tests.world.builders import NOT_AFTER, certificate

ISSUER = "CN=R3,O=Let's Encrypt,C=US"
BEGIN = NOT_AFTER - 90 * 86400


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, "automatic", id="requested by the platform"),
        pytest.param({"name": "Example.COM-Ab1Z9"}, "automatic", id="names are DNS names"),
        pytest.param({"name": "corp-2026"}, "manual", id="a name of one's own"),
        pytest.param({"name": "example.com"}, "manual", id="no suffix"),
        pytest.param({"name": "example.com-x9d9"}, "manual", id="four characters"),
        pytest.param({"name": "example.com-x9d9kk"}, "manual", id="six characters"),
        pytest.param({"name": "example.com-x9-9k"}, "manual", id="not alphanumeric"),
        pytest.param({"name": "other.com-x9d9k"}, "manual", id="of another domain"),
        pytest.param({"name": "-x9d9k", "common_name": ""}, "manual", id="without a domain"),
        pytest.param(
            {"name": "example.com-x9d9k", "common_name": "*.example.com"}, "manual", id="wildcard"
        ),
        pytest.param(
            {"name": "b\u00fccher.example-x9d9k", "common_name": "xn--bcher-kva.example"},
            "automatic",
            id="internationalised",
        ),
        pytest.param({"created_at": BEGIN + 7200}, "automatic", id="two hours after not_before"),
        pytest.param({"created_at": BEGIN + 7201}, "manual", id="later: an upload"),
        pytest.param(
            {"created_at": BEGIN + 9999, "validation_seen": True}, "automatic", id="validated"
        ),
        pytest.param({"created_at": BEGIN - 999 * 86400}, "automatic", id="renewed many times"),
        pytest.param({"created_at": None}, "manual", id="nobody knows when it was created"),
        pytest.param({"not_before": None}, "manual", id="nor when it began"),
        pytest.param({"not_before": None, "validation_seen": True}, "automatic"),
        pytest.param({"not_after": None}, "unknown", id="before issuance"),
        pytest.param({"not_after": None, "name": "mine"}, "unknown"),
        pytest.param({"issuer": ""}, "manual", id="no issuer"),
    ],
)
def test_evidence(facts: dict[str, Any], expected: str) -> None:
    """All of it is needed for automatic; anything else is manual."""
    assert renewal(certificate(**{"not_before": BEGIN, "created_at": BEGIN, **facts})) == expected


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        (ISSUER, True),
        ("C=US, O=Let's Encrypt, CN=R3", True),
        ("/C=US/O=Let's Encrypt/CN=R3", True),
        ("C = US, O = Let's Encrypt, CN = E6", True),
        ("CN=E6,O=Let\u2019s Encrypt,C=US", True),
        ('CN=E6,O="Let\'s Encrypt",C=US', True),
        ("CN=E6,o=let's encrypt,C=US", True),
        ("CN=E6+O=Let's Encrypt,C=US", True),
        ("CN=(STAGING) Wannabe Watercress R11,O=(STAGING) Let's Encrypt,C=US", True),
        ("CN=Not Let's Encrypt Test CA,O=Example Corp", False),
        ("CN=Let's Encrypt,O=Example Corp", False),
        ("CN=R3,O=Let's Encrypt Ltd,C=US", False),
        ("CN=R3,O=Not Let's Encrypt,C=US", False),
        ("CN=R3\\,O=Let's Encrypt,O=Example Corp", False),
        ('CN="R3,O=Let\'s Encrypt",O=Example Corp', False),
        ("OU=Let's Encrypt,O=Example Corp", False),
        ("O=DigiCert Inc,C=US", False),
        ("Let's Encrypt", False),
        ("", False),
    ],
)
def test_issuers(issuer: str, expected: bool) -> None:
    """The organization of the DN decides (RFC 4514), however it is printed."""
    got = renewal(certificate(issuer=issuer))

    assert got == ("automatic" if expected else "manual")


@pytest.mark.parametrize(
    ("override", "facts", "expected"),
    [
        (Renewal(manual=Pattern("example.*")), {}, "manual"),
        (Renewal(manual=Pattern("example")), {}, "automatic"),
        (Renewal(automatic=Pattern("corp-.*")), {"name": "corp-1"}, "automatic"),
        (
            Renewal(automatic=Pattern("corp-.*")),
            {"name": "corp-1", "not_after": None},
            "automatic",
        ),
        (Renewal(Pattern(".*"), Pattern("corp-.*")), {"name": "corp-1"}, "manual"),
    ],
)
def test_the_operator_knows_better(override: Renewal, facts: dict[str, Any], expected: str) -> None:
    """A pattern on the whole name; of two the more severe side."""
    assert renewal(certificate(**facts), override) == expected
