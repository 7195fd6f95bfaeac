"""An API of scripted answers on a real socket."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import NamedTuple

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


class Received(NamedTuple):
    """One request, its head in lower case but for the request line."""

    line: str
    headers: dict[str, str]
    body: bytes


class ScriptedApi:
    """Answers each request with the next of `answers`, the last one for ever.

    With a `greeting` it speaks first, and only that.
    """

    def __init__(self, *answers: Answer, greeting: bytes = b"") -> None:
        self.answers = list(answers)
        self.greeting = greeting
        self.received: list[Received] = []
        self._arrived = asyncio.Event()
        self.connections = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            writer.write(self.greeting)
            while not writer.is_closing() and not self.greeting:
                self.received.append(await _request(reader))
                self._arrived.set()
                answer = self._answer(self.received[-1])
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(writer)
        except (
            ConnectionError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            UnicodeDecodeError,
        ):
            pass  # the client has gone, or speaks something else
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, _: Received) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def asked(self, times: int) -> None:
        """Wait until so many requests have arrived."""
        while len(self.received) < times:
            self._arrived.clear()
            await self._arrived.wait()

    @contextlib.asynccontextmanager
    async def serving(
        self, *, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[str]:
        """The base URL, for as long as the context lasts."""
        connections: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
        host, port = server.sockets[0].getsockname()[:2]
        try:
            yield f"{'https' if tls else 'http'}://{host}:{port}"
        finally:
            server.close()
            for task in tuple(connections):
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


class ManyApis(ScriptedApi):
    """An API for each path that the target of a request begins with, on one socket.

    `answers_by_path` is read anew at each request; of several that fit, the longest counts.
    """

    def __init__(self, answers_by_path: Mapping[str, Answer]) -> None:
        super().__init__()
        self.answers_by_path = answers_by_path

    def _answer(self, request: Received) -> Answer:
        target = request.line.split(" ")[1]
        while target not in self.answers_by_path:
            target = target[:-1]
        return self.answers_by_path[target]


async def _request(reader: asyncio.StreamReader) -> Received:
    line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").strip().split("\r\n")
    pairs = (text.partition(": ") for text in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(line, headers, body)


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def cut(data: bytes) -> Answer:
    """These bytes and then the end of the connection."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return send


def reset(data: bytes) -> Answer:
    """These bytes and then a reset."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.transport.abort()

    return send


def hang(data: bytes = b"") -> Answer:
    """These bytes and then nothing more, with the connection open."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await asyncio.Event().wait()

    return send


def endless(head: bytes, chunk: bytes) -> Answer:
    """A body that goes on for as long as somebody reads it."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(chunk)
            await writer.drain()

    return send


def drip(head: bytes) -> Answer:
    """A body of which a byte comes now and then, so that no single read takes long."""

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    return send
