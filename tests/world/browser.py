"""A real browser: Debian's Chromium, driven over a pipe by its DevTools protocol.

Source: https://chromedevtools.github.io/devtools-protocol/, `--remote-debugging-pipe`.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

PROGRAM = "chromium"
SECONDS = 60.0
"""How long an answer of the browser may take: a bound, not an expectation."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

Scheme = Literal["light", "dark"]


class Tab:
    """One tab; `complaints` is what the browser's console said: refused content, errors."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser = browser
        self._session = session
        self.complaints: list[str] = []

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        return await self._browser.command(method, session=self._session, **parameters)

    async def look(
        self, width: int, height: int = 900, scheme: Scheme = "light", zoom: float = 1.0
    ) -> None:
        """Be so many pixels wide and high, in a scheme; `zoom` enlarges what is in them."""
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=round(width / zoom),
            height=round(height / zoom),
            deviceScaleFactor=zoom,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.command("Emulation.setEmulatedMedia", features=features)

    async def open(self, url: str) -> None:
        """Load a page and wait until it is there."""
        loaded = self._browser.event("Page.loadEventFired")
        await self.command("Page.navigate", url=url)
        await asyncio.wait_for(loaded, SECONDS)

    async def press_and_load(self, key: str) -> None:
        """Press a key that loads another page, and wait until it is there."""
        loaded = self._browser.event("Page.loadEventFired")
        await self.press(key)
        await asyncio.wait_for(loaded, SECONDS)

    async def evaluate(self, script: str) -> Any:
        """The value of an expression, awaited where it is a promise."""
        result = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key and let it go."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = "\r" if key == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text
            )

    async def picture(self, path: Path) -> None:
        """A picture of what is to be seen without scrolling, as PNG."""
        data = await self.command("Page.captureScreenshot")
        path.write_bytes(base64.b64decode(data["data"]))


class Browser:
    """A running browser."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: list[tuple[str, asyncio.Future[None]]] = []
        self._tabs: dict[str, Tab] = {}

    async def listen(self) -> None:
        """Read what the browser says until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
                if "id" in message:
                    self._answers.pop(message["id"]).set_result(message)
                else:
                    self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method = message["method"]
        for name, future in self._events:
            if name == method and not future.done():
                future.set_result(None)
        tab = self._tabs.get(message.get("sessionId", ""))
        if tab and method == "Log.entryAdded":
            tab.complaints.append(message["params"]["entry"]["text"])
        elif tab and method == "Runtime.exceptionThrown":
            tab.complaints.append(str(message["params"]))

    def event(self, method: str) -> asyncio.Future[None]:
        """Done when the event comes the next time."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._events.append((method, future))
        return future

    async def command(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._writer.write(json.dumps(message).encode() + b"\0")
        result = await asyncio.wait_for(answer, SECONDS)
        assert "error" not in result, result
        return dict(result["result"])

    async def tab(self) -> Tab:
        """A new, empty tab."""
        target = (await self.command("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.command("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(self, attached["sessionId"])
        self._tabs[attached["sessionId"]] = tab
        for domain in ("Page", "Runtime", "Log"):
            await tab.command(f"{domain}.enable")
        return tab


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A browser with a profile of its own, ended with the context."""
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            # The protocol is spoken on descriptors 3 and 4.
            *("bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash"),
            *(PROGRAM, *FLAGS, f"--user-data-dir={profile}"),
            pass_fds=(to_browser, from_browser),
            stderr=asyncio.subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 28)
        incoming, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_in, "rb")
        )
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(ours_out, "wb")
        )
        driven = Browser(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
        listening = asyncio.create_task(driven.listen())
        try:
            yield driven
        finally:
            with contextlib.suppress(TimeoutError, AssertionError):
                await driven.command("Browser.close")
            await process.wait()
            await listening
            transport.close()
            incoming.close()
