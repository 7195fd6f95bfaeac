"""How far the API's clock is from ours, by the `Date` of its answers."""

import datetime as dt
import email.utils
from collections.abc import Mapping
from typing import Final

_RESOLUTION: Final = 1.0


def clock_skew(headers: Mapping[str, str], *, sent: float, received: float) -> float | None:
    """Seconds that the API's clock is ahead of ours, negative where it is behind.

    `sent` and `received` are Unix time when the request left and the head of the answer came.
    `Date` names the second in which the answer was made (RFC 9110, section 6.6.1): its middle is
    compared with the middle of the request. Half a second and half the request's duration are the
    uncertainty; within it the result is 0.
    None where there is no date, or a cache keeps the answer (RFC 9111, section 5.1).
    """
    if "age" in headers:
        return None
    try:
        date = email.utils.parsedate_to_datetime(headers.get("date", ""))
        if date.tzinfo is None:
            date = date.replace(tzinfo=dt.UTC)
        skew = date.timestamp() + _RESOLUTION / 2 - (sent + received) / 2
    except (ValueError, OverflowError):
        return None
    uncertainty = (_RESOLUTION + received - sent) / 2
    return 0.0 if abs(skew) <= uncertainty else skew
