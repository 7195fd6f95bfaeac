"""Moments as the API writes them (ISO 8601), and as other serializers write the same moment."""

import datetime as dt
import re
from typing import Final

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_YEAR_2: Final = (dt.datetime(2, 1, 1, tzinfo=dt.UTC) - _EPOCH).days
_SECONDS_PER_DAY: Final = 86_400
_SECOND: Final = dt.timedelta(seconds=1)
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_MOST_CHARACTERS: Final = 64

_CLOCK: Final = r"(?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?)"
_LEAP: Final = re.compile(r"\d\d:\d\d:(60)", re.ASCII)
# Go's String(): it repeats the zone and may add a monotonic clock.
_GO: Final = (
    rf"(?P<date>\d{{4}}-\d\d-\d\d) {_CLOCK} (?P<zone>[+-]\d{{4}})(?: [A-Z]+| [+-]\d+)?(?: m=.+)?"
)
# RFC 9110, section 5.6.7 (IMF-fixdate), and RFC 5322.
_IMF: Final = (
    rf"(?:[A-Z]{{3}}, )?(?P<day>\d\d?) (?P<month>[A-Z]{{3}}) (?P<year>\d{{4}}) {_CLOCK} "
    r"(?P<zone>GMT|UTC|Z|[+-]\d{4})"
)
# As OpenSSL prints a validity.
_OPENSSL: Final = rf"(?P<month>[A-Z]{{3}}) +(?P<day>\d\d?) {_CLOCK} (?P<year>\d{{4}}) (?P<zone>GMT)"
_FORMS: Final = tuple(re.compile(form, re.ASCII | re.IGNORECASE) for form in (_GO, _IMF, _OPENSSL))


def moment(text: str) -> dt.datetime:
    """The moment that a text names without doubt; the epoch for an empty one and `0000-00-00`.

    Without a zone it is UTC. A leap second is the first one of the next minute.
    Raises ValueError for anything else.
    """
    text = text.strip()
    if not text or text.startswith("0000-00-00"):
        return _EPOCH
    if len(text) > _MOST_CHARACTERS:
        raise ValueError("not a moment: too long")
    leap = _LEAP.search(text)
    if leap:
        text = f"{text[: leap.start(1)]}59{text[leap.end(1) :]}"
    value = _iso(text) or _other(text)
    return value + _SECOND if leap else value


def _iso(text: str) -> dt.datetime | None:
    try:
        # ISO 8601 allows small letters, Python does not.
        value = dt.datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _other(text: str) -> dt.datetime:
    match = next((m for form in _FORMS if (m := form.fullmatch(text))), None)
    if match is None:
        raise ValueError(f"not a moment: {text!r}")
    parts = match.groupdict()
    # Python counts microseconds; Go writes nanoseconds.
    return dt.datetime.fromisoformat(f"{_date(parts)}T{parts['clock'][:15]}{_zone(parts['zone'])}")


def _date(parts: dict[str, str]) -> str:
    if parts.get("date"):
        return parts["date"]
    month = parts["month"].lower()
    place, within = divmod(_MONTHS.find(month), len("jan "))
    if within:
        raise ValueError(f"not a month: {month!r}")
    return f"{parts['year']}-{place + 1:02}-{int(parts['day']):02}"


def _zone(zone: str) -> str:
    return "+00:00" if zone.isalpha() else zone


def unix(value: dt.datetime | None) -> float | None:
    """Unix seconds of a moment; None for none, and for the zero times of two languages.

    Year 1 is Go's and the epoch is C's: no certificate begins or ends at either.
    Whole seconds are an int: a sample's value is written as it is.
    """
    if value is None:
        return None
    since = value - _EPOCH
    days, fraction = since.days, since.microseconds
    seconds = days * _SECONDS_PER_DAY + since.seconds
    if days < _YEAR_2 or not (seconds or fraction):
        return None
    return seconds + fraction / 1e6 if fraction else seconds
