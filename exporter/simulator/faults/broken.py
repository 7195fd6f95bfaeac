"""Answers as a fault has them: another one in their place, or theirs broken on the way."""

import asyncio
from collections.abc import AsyncIterator

from exporter.simulator.faults.faults import Fault, Kind
from exporter.simulator.http import asgi
from exporter.simulator.http.answers import JSON, Answer, encoded, failure
from exporter.simulator.http.asgi import Receive, Scope, Send

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
        await asgi.pause(fault.seconds, receive)
        await asgi.write(answer, receive, send)
    elif fault.kind == "hang":
        await asgi.disconnected(receive)
    elif fault.kind == "reset" and fault.after is None:
        _end(scope, "reset")
        await asgi.disconnected(receive)
    elif fault.kind == "endless":
        await asgi.write(Answer(200, JSON, _endless()), receive, send)
    elif fault.kind == "drip":
        body = await _whole(answer)
        pieces = [body[at : at + fault.size] for at in range(0, len(body), fault.size)]
        await send(asgi.start(answer, len(body)))
        for piece in pieces:
            await send(asgi.body(piece, more=True))
            if await asgi.pause(fault.seconds, receive):
                return
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


async def _endless() -> AsyncIterator[bytes]:
    """A listing that never ends."""
    piece = b'{"uuid":"00000000-0000-4000-8000-000000000000","name":"endless"},' * 1_000
    yield b'{"status":"success","data":{"certificates":['
    while True:
        yield piece
        await asyncio.sleep(0.001)


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
