"""Faults on demand: what a network, a proxy or a broken platform does to an answer."""

import asyncio
import math
from typing import Annotated, Literal, get_args

import msgspec

from exporter.simulator import asgi
from exporter.simulator.answers import JSON, Answer, encoded, failure
from exporter.simulator.api import Endpoint
from exporter.simulator.asgi import Receive, Scope, Send

Kind = Literal[
    "latency",
    "hang",
    "hang-body",
    "reset",
    "truncate",
    "drip",
    "endless",
    "unauthorized",
    "forbidden",
    "not-found",
    "rate-limited",
    "server-error",
    "bad-gateway",
    "empty",
    "garbage",
    "wrong-types",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

CONNECTION = "exporter.simulator.connection"
"""The ASGI extension that a real server gives: it ends the connection, politely or by a reset."""

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

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong. `endpoint` None means every one, `count` None until it is cleared.

    `seconds` is the wait of `latency` and between the pieces of `drip`; `after` is how many bytes
    of the body come before `truncate`, `hang-body` or `reset` set in (None: half of them, for
    `reset` not even a status); `size` is how many bytes `drip` sends at a time; `retry_after` is
    the header of that name, in seconds or as a date, for `rate-limited` and the 5xx.
    """

    kind: Kind
    endpoint: Endpoint | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Amount = 1.0
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | str | None = None

    def __post_init__(self) -> None:
        """Refuse what msgspec checks only in decoding: a fault made in Python is held to it too."""
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.endpoint is not None and self.endpoint not in get_args(Endpoint):
            expected = ", ".join(get_args(Endpoint))
            raise ValueError(f"endpoint: expected one of {expected}, got {self.endpoint!r}")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count: expected 1 or more, got {self.count}")
        if not 0 <= self.seconds < math.inf or self.size < 1 or (self.after or 0) < 0:
            raise ValueError("seconds, size and after: expected numbers from 0 up")
        if isinstance(self.retry_after, str) and not self.retry_after.isprintable():
            raise ValueError("retry_after: not a header's value")


class Faults:
    """The faults that stand, in the order they were injected; the first that applies is used."""

    def __init__(self) -> None:
        self._standing: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        """Let it stand, for `fault.count` requests or until it is cleared."""
        self._standing.append((fault, fault.count))

    def clear(self) -> None:
        """Let none stand. Requests that hang go on hanging."""
        self._standing.clear()

    def standing(self) -> list[Fault]:
        """What stands, each with the count that is left."""
        return [msgspec.structs.replace(fault, count=left) for fault, left in self._standing]

    def take(self, endpoint: Endpoint) -> Fault | None:
        """The fault for one request, counted; None where all is well."""
        for place, (fault, left) in enumerate(self._standing):
            if fault.endpoint in {None, endpoint}:
                if left is not None:
                    left -= 1  # noqa: PLW2901
                    self._standing[place] = (fault, left)
                    if not left:
                        del self._standing[place]
                return fault
        return None


def instead(fault: Fault) -> Answer | None:
    """The answer in place of the real one; None where that one is only maltreated."""
    retry = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.kind in _STATUS:
        status, message = _STATUS[fault.kind]
        challenge = {"www-authenticate": "Bearer"} if status == 401 else {}
        return failure(status, message, headers={**challenge, **retry})
    if fault.kind == "bad-gateway":
        return Answer(502, {"content-type": "text/html", **retry}, _HTML)
    if fault.kind == "empty":
        return Answer(503, retry, b"")
    if fault.kind == "garbage":
        return Answer(200, JSON, _GARBAGE)
    if fault.kind == "wrong-types":
        return Answer(200, JSON, encoded(_WRONG))
    return None


async def maltreat(
    fault: Fault, answer: Answer, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer the way the fault has it."""
    if fault.kind == "latency":
        await asyncio.sleep(fault.seconds)
        await asgi.write(answer, send)
    elif fault.kind == "hang":
        await asgi.disconnected(receive)
    elif fault.kind == "reset" and fault.after is None:
        _end(scope, "reset")
        await asgi.disconnected(receive)
    elif fault.kind == "endless":
        await _endless(send, receive)
    elif fault.kind == "drip":
        body = await _whole(answer)
        pieces = [body[at : at + fault.size] for at in range(0, len(body), fault.size)]
        await send(asgi.start(answer, len(body)))
        for piece in pieces:
            await send(asgi.body(piece, more=True))
            await asyncio.sleep(fault.seconds)
        await send(asgi.body(b""))
    else:
        await _break_off(fault, answer, scope, receive, send)


async def _break_off(
    fault: Fault, answer: Answer, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send a part of the body; then hang, close or reset."""
    body = await _whole(answer)
    part = len(body) // 2 if fault.after is None else min(fault.after, len(body))
    await send(asgi.start(answer, len(body)))
    await send(asgi.body(body[:part], more=True))
    if fault.kind == "hang-body":
        await asgi.disconnected(receive)
    elif CONNECTION in scope.get("extensions", {}):
        # Let the part go out first: a reset throws away what is still to be sent.
        await asyncio.sleep(0.05)
        _end(scope, fault.kind)
        await asgi.disconnected(receive)
    elif fault.kind == "truncate":
        await send(asgi.body(b""))
    else:
        _end(scope, "reset")


async def _endless(send: Send, receive: Receive) -> None:
    """A listing that never ends, for as long as the client listens."""
    piece = b'{"uuid":"00000000-0000-4000-8000-000000000000","name":"endless"},' * 1_000
    gone = asyncio.ensure_future(asgi.disconnected(receive))
    try:
        await send(asgi.start(Answer(200, JSON, b""), None))
        await send(asgi.body(b'{"status":"success","data":{"certificates":[', more=True))
        while not gone.done():
            await send(asgi.body(piece, more=True))
            await asyncio.sleep(0.001)
    finally:
        gone.cancel()


def _end(scope: Scope, how: str) -> None:
    connection = scope.get("extensions", {}).get(CONNECTION)
    if connection is None:
        # There is no connection to break where an application is called directly.
        raise ConnectionResetError("Connection reset by the simulator (serve it to see a socket's)")
    connection[how]()


async def _whole(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    return b"".join([piece async for piece in answer.body])
