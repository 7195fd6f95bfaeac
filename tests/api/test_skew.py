"""The API's clock and ours: a date in, seconds out."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.skew import clock_skew

NOON = dt.datetime(1994, 11, 6, 12, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("date", "sent", "received", "skew"),
    [
        pytest.param("Sun, 06 Nov 1994 12:00:00 GMT", 0.4, 0.6, 0, id="the same second"),
        pytest.param("Sun, 06 Nov 1994 12:00:00 GMT", 0.0, 0.0, 0, id="its beginning"),
        pytest.param("Sun, 06 Nov 1994 12:00:00 GMT", 0.9, 1.1, 0, id="its end, on the way"),
        pytest.param("Sun, 06 Nov 1994 12:01:00 GMT", 0.0, 1.0, 60, id="ahead"),
        pytest.param("Sun, 06 Nov 1994 11:59:00 GMT", 0.0, 1.0, -60, id="behind"),
        pytest.param("Sun, 06 Nov 1994 12:00:00 GMT", 0.0, 9.0, 0, id="made at once, slow to come"),
        pytest.param("Sun, 06 Nov 1994 12:00:09 GMT", 0.0, 9.0, 0, id="long to make"),
        pytest.param("Sun, 06 Nov 1994 12:00:10 GMT", 0.0, 9.0, 6, id="later than it came"),
        pytest.param("Sun, 06 Nov 1994 12:01:00 GMT", 1.0, 0.0, 60, id="our clock set back"),
        pytest.param("Sunday, 06-Nov-94 12:01:00 GMT", 0.0, 1.0, 60, id="RFC 850"),
        pytest.param("Sun Nov  6 12:01:00 1994", 0.0, 1.0, 60, id="asctime"),
        pytest.param("", 0.0, 1.0, None, id="none"),
        pytest.param("yesterday", 0.0, 1.0, None, id="no date"),
        pytest.param("Sun, 06 Nov 99999 12:00:00 GMT", 0.0, 1.0, None, id="no such year"),
    ],
)
def test_skew(date: str, sent: float, received: float, skew: float | None) -> None:
    """What cannot be told from 0 is 0."""
    headers = {"date": date} if date else {}

    assert clock_skew(headers, sent=NOON + sent, received=NOON + received) == skew


def test_a_cache_has_another_clock() -> None:
    """Its answer is as old as it says."""
    headers = {"date": "Sun, 06 Nov 1994 11:00:00 GMT", "age": "3600"}

    assert clock_skew(headers, sent=NOON, received=NOON) is None


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d+ \w{3} \d+ \d+:\d+:\d+ .{0,6}"))
def test_any_text_is_a_date_or_none(date: str) -> None:
    """Nothing that an API sends is a bug."""
    skew = clock_skew({"date": date}, sent=0.0, received=1.0)

    assert skew is None or math.isfinite(skew)
