"""Moments as serializers write them: a text in, Unix seconds out."""

import datetime as dt

import pytest

from exporter.api.times import moment, unix

NOON = 1798632000


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-30T12:00:00Z",
        "2026-12-30t12:00:00z",
        " 2026-12-30T12:00:00Z ",
        "2026-12-30T12:00:00",
        "2026-12-30 12:00:00",
        "2026-12-30T12:00Z",
        "2026-12-30T14:00:00+02:00",
        "2026-12-30T14:00:00+0200",
        "20261230T120000Z",
        "2026-W53-3T12:00:00Z",
        "2026-12-30T12:00:00.000000000Z",
        "2026-12-30T11:59:60Z",
        "2026-12-30 12:00:00 +0000 UTC",
        "2026-12-30 14:00:00 +0200 CEST",
        "2026-12-30 14:00:00 +0200 +0200 m=+0.012345678",
        "2026-12-30 12:00:00.0000001 +0000 UTC",
        "Wed, 30 Dec 2026 12:00:00 GMT",
        "Wed, 30 Dec 2026 14:00:00 +0200",
        "30 Dec 2026 12:00:00 UTC",
        "Dec 30 12:00:00 2026 GMT",
    ],
)
def test_a_moment_that_is_named_without_doubt(text: str) -> None:
    """ISO 8601, Go's own, HTTP's, OpenSSL's; a leap second is the first of the next minute."""
    assert unix(moment(text)) == NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-30", NOON - 12 * 3600),
        ("Dec  3 00:00:00 2026 GMT", 1796256000),
        ("2026-12-30T12:00:00.25Z", NOON + 0.25),
        ("2026-12-31T23:59:60Z", 1798761600),
        ("1969-12-31T23:59:59Z", -1),
        ("9999-12-31T23:59:59Z", 253402300799),
        ("", None),
        ("  ", None),
        ("0000-00-00 00:00:00", None),
        ("0000-00-00T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T01:00:00+01:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01 00:00:00 +0000 UTC", None),
    ],
)
def test_moments(text: str, expected: float | None) -> None:
    """The zero times of databases and languages are no moments."""
    got = unix(moment(text))

    assert (got, type(got)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-12-30T25:00:00Z",
        "12/30/2026",
        "30.12.2026",
        "1798632000",
        "Dec 30 2026",
        "30 Foo 2026 12:00:00 GMT",
        "30 anf 2026 12:00:00 GMT",
        "2026-12-30T12:00:00Z; DROP",
        "2026-12-30T12:00:00Z" * 50,
        "9999-12-31T23:59:60Z",
        "\u0662026-12-30T12:00:00Z",
    ],
)
def test_what_names_no_moment(text: str) -> None:
    """What is in doubt is not guessed."""
    with pytest.raises((ValueError, OverflowError)):
        moment(text)


def test_nothing() -> None:
    """No moment has no seconds."""
    assert unix(None) is None
    assert unix(dt.datetime(2026, 12, 30, 12, tzinfo=dt.UTC)) == NOON
