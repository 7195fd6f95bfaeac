"""Requests as they come in and answers as they go out, over ASGI."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from exporter.simulator.http.answers import Answer, RequestError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 1 << 20
"""The largest request body, in bytes; a longer one is answered 413."""

_DRAINED = 64 << 20


class Request(msgspec.Struct, frozen=True):
    """One request, its body read."""

    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes


async def read(scope: Scope, receive: Receive) -> Request | None:
    """The whole request, or None where the client went away; a 413 for too long a body."""
    body, size = bytearray(), 0
    while size < _DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        if size <= BODY_LIMIT:
            body += piece
        if not message.get("more_body", False):
            break
    # What is too long is read nevertheless: a client that still sends would miss the answer.
    if size > BODY_LIMIT:
        raise RequestError(413, f"The body is longer than {BODY_LIMIT} bytes")
    headers = {key.decode("latin-1").lower(): v.decode("latin-1") for key, v in scope["headers"]}
    return Request(
        scope["method"].upper(), scope["path"], scope["query_string"], headers, bytes(body)
    )


async def write(answer: Answer, send: Send) -> None:
    """Send a whole answer."""
    await send(start(answer, len(answer.body)))
    await send(body(answer.body))


def start(answer: Answer, length: int | None) -> Message:
    """The message that opens an answer; None announces no length."""
    headers = dict(answer.headers)
    if length is not None:
        headers["content-length"] = str(length)
    raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": raw}


def body(piece: bytes, *, more: bool = False) -> Message:
    """The message that carries a piece of a body."""
    return {"type": "http.response.body", "body": piece, "more_body": more}


async def pause(seconds: float, receive: Receive) -> bool:
    """Wait so long, or until the client has gone: then it is true."""
    try:
        async with asyncio.timeout(seconds):
            await disconnected(receive)
    except TimeoutError:
        return False
    return True


async def disconnected(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
