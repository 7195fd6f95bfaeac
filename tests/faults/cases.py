"""Everything that the network and the API do wrong, and what has to come of it."""

import datetime as dt
import email.utils
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from tests.world.api import Answer, cut, drip, endless, hang, http, reset
from tests.world.builders import body, item

LIMIT = 16_000_000
"""`max_response_bytes` of the exporter under test."""

Listening = Literal["refused", "dns", "expired", "wrong host", "unknown authority", "no tls"]


class Case(NamedTuple):
    """One fault: how the metro answers or listens, and the reason that is counted.

    A poll that fails has a `reason`; one that does not counts `skipped` items by reason, and
    serves `served` certificates, among them one named `neighbour`.
    """

    id: str
    answer: Answer | None = None
    listening: Listening | None = None
    reason: str | None = None
    skipped: Mapping[str, int] = {}
    served: int = 1
    retry_after: float = 0


NEIGHBOUR = item(uuid="n", name="neighbour")
_WHOLE = body(NEIGHBOUR)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_LONG = _HEAD + b"Content-Length: 1000\r\n\r\n"
_OPEN = _HEAD + b"\r\n"
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


def _in_an_hour() -> str:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1800)
    return email.utils.format_datetime(moment, usegmt=True)


def _gzipped(content: bytes, coding: str = "gzip") -> bytes:
    return http(200, content, Content_Encoding=coding, Content_Type="application/json")


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    spaces = bytes(1 << 20).replace(b"\0", b" ")
    # After a full flush the same bytes are packed into the same; the end is never reached.
    first, again = (packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH) for _ in "12")
    return first + 255 * again


LISTENING = (
    Case("connection refused", listening="refused", reason="connect"),
    Case("name not known", listening="dns", reason="connect"),
    Case("TLS certificate expired", listening="expired", reason="tls"),
    Case("TLS certificate of another host", listening="wrong host", reason="tls"),
    Case("TLS certificate of an unknown authority", listening="unknown authority", reason="tls"),
    Case("no TLS where it is expected", listening="no tls", reason="tls"),
)

TRANSPORT = (
    Case("closed before the answer", cut(b""), reason="connect"),
    Case("reset inside the head", reset(_HEAD[:20]), reason="connect"),
    Case("reset inside the body", reset(_LONG + _WHOLE[:50]), reason="connect"),
    Case("closed inside the body", cut(_LONG + _WHOLE[:50]), reason="connect"),
    Case("hangs before the head", hang(), reason="timeout"),
    Case("hangs before the body", hang(_LONG), reason="timeout"),
    Case("hangs inside the body", hang(_LONG + _WHOLE[:50]), reason="timeout"),
    Case("a byte now and then", drip(_LONG), reason="timeout"),
    Case("endless body", endless(_OPEN, b" " * 65536), reason="too_large"),
    Case("endless head", endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 999), reason="connect"),
    Case("not HTTP", cut(b"SSH-2.0-OpenSSH_9.2\r\n"), reason="connect"),
    Case("gzip bomb", _gzipped(_bomb()), reason="too_large"),
    Case("gzip within gzip", _gzipped(gzip.compress(_WHOLE), "gzip, gzip"), reason="undecodable"),
    Case("gzip that is none", _gzipped(_WHOLE), reason="undecodable"),
    Case("gzip that breaks off", _gzipped(gzip.compress(_WHOLE)[:-9]), reason="undecodable"),
    Case("a coding nobody asked for", _gzipped(_WHOLE, "br"), reason="undecodable"),
)

STATUSES = (
    Case("401", http(401), reason="unauthorized"),
    Case("403", http(403), reason="forbidden"),
    Case("404", http(404), reason="not_found"),
    Case("409", http(409), reason="other"),
    Case("429", http(429), reason="rate_limited"),
    Case(
        "429, Retry-After in seconds",
        http(429, Retry_After="90"),
        reason="rate_limited",
        retry_after=90,
    ),
    Case(
        "429, Retry-After as a date",
        http(429, Retry_After=_in_an_hour()),
        reason="rate_limited",
        retry_after=1800,
    ),
    Case("429, absurd Retry-After", http(429, Retry_After="9" * 400), reason="rate_limited"),
    Case("429, senseless Retry-After", http(429, Retry_After="soon"), reason="rate_limited"),
    Case("500", http(500, body(status="error", data=...)), reason="server_error"),
    Case("502 in HTML", http(502, _HTML, Content_Type="text/html"), reason="server_error"),
    Case("503 without a body", http(503), reason="server_error"),
    Case("503, Retry-After", http(503, Retry_After="90"), reason="server_error", retry_after=90),
    Case(
        "redirect to another host",
        http(302, Location="http://127.0.0.1:{elsewhere}/"),
        reason="other",
    ),
    Case("permanent redirect", http(308, Location="http://127.0.0.1:{elsewhere}/"), reason="other"),
)

BODIES = (
    Case("empty body", http(200), reason="undecodable"),
    Case("HTML with 200", http(200, _HTML, Content_Type="text/html"), reason="undecodable"),
    Case("truncated JSON", http(200, _WHOLE[:-9]), reason="undecodable"),
    Case("something after the JSON", http(200, _WHOLE + b"x"), reason="undecodable"),
    Case("a list for an answer", http(200, b"[]"), reason="undecodable"),
    Case("nested without end", http(200, b'{"data":' + b"[" * 100_000), reason="undecodable"),
    Case("invalid UTF-8 in the answer", http(200, b'{"message":"\xff\xfe"}'), reason="undecodable"),
    Case("every field of a wrong type", http(200, b'{"status":1,"data":2}'), reason="undecodable"),
    Case("wrong content type", http(200, _WHOLE, Content_Type="text/plain")),
    Case("an error with 200", http(200, body(status="error", data=...)), reason="other"),
)


def _items(
    name: str, *items: Any, skipped: Mapping[str, int] | None = None, served: int = 1
) -> Case:
    return Case(name, http(200, body(NEIGHBOUR, *items)), skipped=skipped or {}, served=served)


def _fine(name: str, /, **fields: Any) -> Case:
    """An item that is unusual, and served."""
    return _items(name, item(**{"uuid": "f", "name": "fine", **fields}), served=2)


def _raw(name: str, fragment: bytes) -> Case:
    """An item whose name is these bytes between quotes: it is served under its uuid."""
    odd = json.dumps(item(uuid="o", name="odd")).encode().replace(b'"odd"', b'"' + fragment + b'"')
    answer = b'{"data":{"certificates":[' + json.dumps(NEIGHBOUR).encode() + b"," + odd + b"]}}"
    return Case(name, http(200, answer), served=2)


ITEMS = (
    _items("two with one uuid", item(uuid="n", name="twin"), skipped={"other": 1}),
    _items("two with one name", item(uuid="t", name="neighbour"), skipped={"other": 1}),
    _items("a failed item", {"status": "error", "error": 8, "uuid": "g"}, skipped={"not_found": 1}),
    # What was there before may be these, and stays.
    _items("no object for an item", None, 7, "x", [], skipped={"undecodable": 4}, served=3),
    _fine("quotes in a name", name='quo"te\\'),
    _fine("newlines in a name", name="a\r\nb\n# HELP x y\nx 1\n"),
    _fine("NUL in a name", name="a\0b"),
    _fine("right to left in a name", name="\u202egpj.exe\u2066\U0001f510"),
    _items("a name of 10 MB", served=2)._replace(
        answer=_gzipped(gzip.compress(body(NEIGHBOUR, item(uuid="o", name="x" * 10_000_000))))
    ),
    _raw("invalid UTF-8 in a name", b"a\xff\xfeb"),
    _fine("a date in year 1", not_after="0001-01-01T00:00:00Z"),
    _fine("a date in year 9999", not_after="9999-12-31T23:59:59Z"),
    _fine("a date without a zone", not_after="2024-06-05T19:06:10"),
    _fine("an empty date", not_after=""),
    _fine("a number for a date", not_after=1717614370),
    _fine("words for a date", not_after="next year"),
    _fine("attempts over 2^63", state="pending", validation={"attempt": 2**64}),
    _fine("an error code over 2^63", error=2**70),
    _fine("an unknown number over 2^63", quota=2**200),
    _fine("an unknown state", state="revoking"),
    *(_fine(f"an item without {key}", **{key: ...}) for key in item()),
    _items(
        "an item with neither name nor uuid",
        item(name=..., uuid=...),
        skipped={"undecodable": 1},
        served=3,
    ),
    _raw("half a surrogate", b"\\ud800"),
    _raw("an escape that there is not", b"\\x"),
)

CASES = (*LISTENING, *TRANSPORT, *STATUSES, *BODIES, *ITEMS)
