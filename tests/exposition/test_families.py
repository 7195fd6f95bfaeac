"""The table of certificate metrics: a certificate in, its lines out."""

import pytest

from exporter.api.model import Certificate, ServiceGroup
from exporter.exposition.families import FAMILIES, IDENTITY
from exporter.exposition.render import render
from tests.world.builders import DAY, NOT_AFTER, certificate, snapshot

ID = 'account="default",metro="fra0",name="example.com-x9d9k",common_name="example.com"'
NEVER = {"not_after": None, "not_before": None, "subject": "", "issuer": "", "serial_number": ""}


def exposition(given: Certificate, family: str, *, now: float = NOT_AFTER - 30 * DAY) -> str:
    """The lines of one family, without its name and the identity labels."""
    page = render(snapshot(given), None, now=now)
    position = [f.name for f in FAMILIES].index(family)
    lines = b"".join(page.segments[position].text()).decode()
    return lines.replace(f"{family}{{{ID}", "{").replace("{,", "{")


@pytest.mark.parametrize(
    ("family", "overrides", "want"),
    [
        pytest.param(
            "ukc_certificate_info",
            {},
            '{uuid="0b8fda39-d326-426e-827e-093e4c173dc8",subject="CN=example.com",'
            'issuer="CN=R3,O=Let\'s Encrypt,C=US",'
            'serial_number="1A2B3C4D5E6F7A8B9C0D1E2F3A4B5C6D7E8F",'
            'wildcard="false",renewal="automatic"} 1\n',
            id="info",
        ),
        pytest.param(
            "ukc_certificate_info",
            NEVER,
            '{uuid="0b8fda39-d326-426e-827e-093e4c173dc8",subject="",issuer="",'
            'serial_number="",wildcard="false",renewal="unknown"} 1\n',
            id="info before issuance",
        ),
        pytest.param(
            "ukc_certificate_state",
            {},
            '{state="pending"} 0\n{state="valid"} 1\n{state="error"} 0\n',
            id="one-hot",
        ),
        pytest.param(
            "ukc_certificate_state",
            {"state": "revoked"},
            '{state="pending"} 0\n{state="valid"} 0\n{state="error"} 0\n{state="revoked"} 1\n',
            id="a state of the future",
        ),
        pytest.param("ukc_certificate_expiry_days", {}, "{} 30\n", id="days"),
        pytest.param(
            "ukc_certificate_expiry_days", {"not_after": None}, "", id="never issued: no days"
        ),
        pytest.param(
            "ukc_certificate_not_after_timestamp_seconds", {}, "{} 1717614370\n", id="not_after"
        ),
        pytest.param(
            "ukc_certificate_not_after_timestamp_seconds", {"not_after": None}, "", id="unknown"
        ),
        pytest.param(
            "ukc_certificate_not_before_timestamp_seconds", {}, "{} 1709838371\n", id="not_before"
        ),
        pytest.param("ukc_certificate_not_before_timestamp_seconds", {"not_before": None}, ""),
        pytest.param(
            "ukc_certificate_created_timestamp_seconds", {}, "{} 1709838364\n", id="created"
        ),
        pytest.param("ukc_certificate_created_timestamp_seconds", {"created_at": None}, ""),
        pytest.param("ukc_certificate_validation_attempts", {}, "{} 0\n", id="none runs"),
        pytest.param("ukc_certificate_validation_attempts", {"attempts": 2}, "{} 2\n"),
        pytest.param(
            "ukc_certificate_validation_attempts", {"attempts": None}, "", id="unreadable"
        ),
        pytest.param("ukc_certificate_state", {"state": ""}, "", id="unknown state"),
        pytest.param(
            "ukc_certificate_warning_timestamp_seconds", {}, "{} 1715670370\n", id="a quarter"
        ),
        pytest.param(
            "ukc_certificate_critical_timestamp_seconds", {}, "{} 1716836770\n", id="a tenth"
        ),
        pytest.param("ukc_certificate_warning_timestamp_seconds", {"not_after": None}, ""),
        pytest.param("ukc_certificate_critical_timestamp_seconds", {"not_after": None}, ""),
        pytest.param("ukc_certificate_attention", {}, "", id="nothing to do"),
        pytest.param(
            "ukc_certificate_attention",
            {"not_after": NOT_AFTER - 30 * DAY, "state": "error"},
            '{reason="expired",severity="critical"} 1\n{reason="failed",severity="critical"} 1\n',
            id="one for each reason",
        ),
        pytest.param("ukc_certificate_validation_next_timestamp_seconds", {}, "", id="none next"),
        pytest.param(
            "ukc_certificate_validation_next_timestamp_seconds",
            {"next_attempt": 1709838964.25},
            "{} 1709838964.25\n",
            id="fractions stay",
        ),
        pytest.param("ukc_certificate_service_groups", {}, "{} 1\n", id="one group"),
        pytest.param("ukc_certificate_service_groups", {"service_groups": ()}, "{} 0\n"),
        pytest.param("ukc_certificate_service_groups", {"service_groups": None}, "", id="not told"),
        pytest.param("ukc_certificate_service_group_info", {"service_groups": None}, ""),
        pytest.param("ukc_certificate_service_group_info", {"service_groups": ()}, ""),
        pytest.param(
            "ukc_certificate_service_group_info",
            {"service_groups": (ServiceGroup("u1", "a"), ServiceGroup("u2", "b"))},
            '{service_group="a",service_group_uuid="u1"} 1\n'
            '{service_group="b",service_group_uuid="u2"} 1\n',
            id="one for each attachment",
        ),
    ],
)
def test_samples(family: str, overrides: dict[str, object], want: str) -> None:
    """Known values are shown, unknown ones are absent."""
    assert want == exposition(certificate(**overrides), family)


@pytest.mark.parametrize(
    ("now", "want"),
    [
        (NOT_AFTER - DAY / 2, "0.5"),
        (NOT_AFTER, "0"),
        (NOT_AFTER + 10 * DAY, "-10"),
        (NOT_AFTER - 1, "0.00001"),
        (NOT_AFTER + 0.1, "0"),
        (NOT_AFTER - 12345.678, "0.14289"),
    ],
)
def test_expiry_days_at_a_time(now: float, want: str) -> None:
    """Fractional, at render time, negative once expired."""
    assert f"{{}} {want}\n" == exposition(certificate(), "ukc_certificate_expiry_days", now=now)


def test_the_table_holds_together() -> None:
    """Names are unique; no label is one that Prometheus sets itself or stands there already."""
    names = [family.name for family in FAMILIES]

    assert len(names) == len(set(names))
    for family in FAMILIES:
        assert (family.kind == "info") == family.name.endswith("_info")
        assert not {*IDENTITY, "instance", "job", "le", "quantile"} & set(family.labels)
