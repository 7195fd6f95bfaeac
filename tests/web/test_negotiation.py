"""Which format and coding a scraper is given: headers in, choice out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.negotiation import TEXT, gzip_accepted, negotiated

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROTOBUF_FIRST = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
)


@pytest.mark.parametrize(
    ("accept", "want"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/plain;version=1.0.0;escaping=underscores", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        ("application/json", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"; charset=utf-8', OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", OPENMETRICS.replace("1.0.0", "0.0.1")),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=99,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0.0,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", TEXT),
        ("text/plain;q=0.2,application/openmetrics-text;q=0.3", OPENMETRICS),
        ("application/openmetrics-text,text/plain", OPENMETRICS),
        ("text/plain,application/openmetrics-text", TEXT),
        ("*/*;q=0.1,application/openmetrics-text;q=0.2", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        (PROTOBUF_FIRST, OPENMETRICS),
        # What makes no sense is passed over.
        ("application/openmetrics-text;q=2", TEXT),
        ("application/openmetrics-text;q=-1", TEXT),
        ("application/openmetrics-text;q=high", TEXT),
        ("application/openmetrics-text;q=\u0661", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
        (";;;,,=,;q=,", TEXT),
        (",application/openmetrics-text;;", OPENMETRICS),
    ],
)
def test_the_format(accept: str, want: str) -> None:
    """OpenMetrics where it is preferred, else text 0.0.4, whatever was asked."""
    got = negotiated(accept)

    assert (want, want != TEXT) == (got.content_type, got.openmetrics)


@pytest.mark.parametrize(
    ("accept_encoding", "want"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("deflate;q=0.5, gzip;q=1.0", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0, gzip", True),
        ("*;q=0", False),
        ("gzip;q=abc", False),
        ("zgzip", False),
    ],
)
def test_the_coding(accept_encoding: str, want: bool) -> None:
    """A weight of zero is a no, and gzip's own outdoes the star's (RFC 9110, section 12.5.3)."""
    assert gzip_accepted(accept_encoding) is want


@given(st.text(st.sampled_from('aopenmetrics-text/;,=q.01 "*\0é\u0661'), max_size=60))
def test_no_header_is_a_bug(header: str) -> None:
    """Whatever is asked has an answer."""
    assert negotiated(header).content_type
    assert gzip_accepted(header) in (True, False)
