"""What faults send, over ASGI: a substitute for an answer, or the answer in spoiled steps."""

import asyncio
from typing import Any

from exporter.simulator.faults.broken import End, Head, Pause, Substitute, steps
from exporter.simulator.faults.faults import Fault
from exporter.simulator.http import asgi
from exporter.simulator.http.answers import Answer, failure
from exporter.simulator.http.asgi import Receive, Scope, Send

CONNECTION = "exporter.simulator.connection"
"""The ASGI extension that a real server gives: it ends the connection, politely or by a reset."""

_FLUSH_SECONDS = 0.05


def substituted(substitute: Substitute) -> Answer:
    """The answer that a fault puts in the place of the real one."""
    if substitute.body is None:
        return failure(substitute.status, substitute.message, headers=substitute.headers)
    return Answer(substitute.status, substitute.headers, substitute.body)


async def write_spoiled(
    fault: Fault, answer: Answer, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send the answer as the fault has it.

    Raises ConnectionResetError for a reset where there is no connection, as under a transport that
    calls the application itself.
    """
    for step in steps(fault, answer.body):
        if isinstance(step, Head):
            await send(asgi.start(answer, step.length))
        elif isinstance(step, bytes):
            await send(asgi.body(step, more=True))
        elif isinstance(step, Pause):
            if await asgi.pause(step.seconds, receive):
                return
        else:
            await _end(step, scope.get("extensions", {}).get(CONNECTION), receive, send)
            return
    await send(asgi.body(b""))


async def _end(end: End, connection: Any, receive: Receive, send: Send) -> None:
    if end.how == "hang":
        await asgi.disconnected(receive)
    elif connection is not None:
        # Let go out what was sent: a reset throws away what is still on its way.
        await asyncio.sleep(_FLUSH_SECONDS)
        connection[end.how]()
        await asgi.disconnected(receive)
    elif end.how == "close":
        await send(asgi.body(b""))
    else:
        raise ConnectionResetError("Connection reset by the simulator (serve it to see a socket's)")
