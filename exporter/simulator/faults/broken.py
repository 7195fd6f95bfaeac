"""What a fault sends: a substitute for the answer, or the answer itself in spoiled steps."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from exporter.simulator.faults.faults import Fault, Kind

_STATUS: dict[Kind, tuple[int, str]] = {
    "unauthorized": (401, "The token is not valid"),
    "forbidden": (403, "The account is suspended"),
    "not-found": (404, "No such endpoint"),
    "rate-limited": (429, "Too many requests"),
    "server-error": (500, "Internal error"),
}
_HTML = b"""<html>\r
<head><title>502 Bad Gateway</title></head>\r
<body>\r
<center><h1>502 Bad Gateway</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""
_GARBAGE = b'{"status": "success", "data": {"certificates": [{"uuid": "0b8f\xff\xfe", nul'
_WRONG = {
    "status": 200,
    "data": {
        "certificates": [
            {
                "uuid": 17,
                "name": ["example"],
                "created_at": 1709838364,
                "common_name": None,
                "state": {"pending": True},
                "validation": "soon",
                "not_before": False,
                "not_after": "yesterday",
                "service_groups": "none",
            },
            "certificate",
            None,
        ]
    },
}
_JSON = {"content-type": "application/json"}

Ending = Literal["hang", "close", "reset"]

_ENDS: dict[Kind, Ending] = {"hang-body": "hang", "truncate": "close", "reset": "reset"}


class Substitute(msgspec.Struct, frozen=True):
    """An answer in place of the real one: a body, or (None) the API's envelope around `message`."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None = None
    message: str = ""


def substitute(fault: Fault) -> Substitute | None:
    """What comes in place of the real answer; None where that one is sent, but badly."""
    retry = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.kind in _STATUS:
        status, message = _STATUS[fault.kind]
        challenge = {"www-authenticate": "Bearer"} if status == 401 else {}
        return Substitute(status, {**challenge, **retry}, message=message)
    if fault.kind == "bad-gateway":
        return Substitute(502, {"content-type": "text/html", **retry}, _HTML)
    if fault.kind == "empty":
        return Substitute(503, retry, b"")
    if fault.kind == "garbage":
        return Substitute(200, _JSON, _GARBAGE)
    if fault.kind == "wrong-types":
        return Substitute(200, _JSON, msgspec.json.encode(_WRONG))
    return None


class Head(msgspec.Struct, frozen=True):
    """Send status and headers, which announce so many bytes (None: not how many)."""

    length: int | None


class Pause(msgspec.Struct, frozen=True):
    """Wait so many seconds."""

    seconds: float


class End(msgspec.Struct, frozen=True):
    """Send no more: keep the connection open, close it, or reset it."""

    how: Ending


Step = Head | bytes | Pause | End
"""One step of sending; `bytes` are a piece of the body."""


def steps(fault: Fault, body: bytes) -> Iterator[Step]:
    """How an answer with that body is sent; where no End comes, it is complete."""
    if fault.kind == "latency":
        yield from (Pause(fault.seconds), Head(len(body)), body)
    elif fault.kind == "hang":
        yield End("hang")
    elif fault.kind == "reset" and fault.after is None:
        yield End("reset")
    elif fault.kind == "endless":
        yield from _endless()
    elif fault.kind == "drip":
        yield Head(len(body))
        for at in range(0, len(body), fault.size):
            yield from (body[at : at + fault.size], Pause(fault.seconds))
    else:
        part = len(body) // 2 if fault.after is None else min(fault.after, len(body))
        yield from (Head(len(body)), body[:part], End(_ENDS[fault.kind]))


def _endless() -> Iterator[Step]:
    """A listing that never ends."""
    yield Head(None)
    yield b'{"status":"success","data":{"certificates":['
    piece = b'{"uuid":"00000000-0000-4000-8000-000000000000","name":"endless"},' * 1_000
    while True:
        yield from (piece, Pause(0.001))
