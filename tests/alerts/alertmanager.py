"""A real Alertmanager on loopback, and a receiver for what it sends."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.alerts.peers import ALERTMANAGER_25
from tests.alerts.rules import ALERTMANAGER
from tests.e2e.programs import listening, until


class Receiver:
    """Takes webhooks, and keeps them by receiver."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.url = ""

    def alerts(self, status: str, receiver: str | None = None) -> list[dict[str, Any]]:
        """Every alert that was sent with this status, to this receiver where one is named."""
        return [
            alert
            for message in self.received
            if receiver in (None, message["receiver"])
            for alert in message["alerts"]
            if alert["status"] == status
        ]

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            ]
            self.received.append(json.loads(await reader.readexactly(lengths[0])))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Receiver"]:
        """On loopback, until the end of the context."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            server.close()


def example(receiver: str, wait: str = "1s") -> str:
    """The shipped example with its two placeholders filled in.

    The webhooks lead to `receiver`, and groups wait `wait` in place of what they would for people.
    """
    text = ALERTMANAGER.read_text().replace("http://127.0.0.1:9099", receiver)
    configuration = yaml.safe_load(text)
    for route in (configuration["route"], *configuration["route"]["routes"]):
        route.update(dict.fromkeys(("group_wait", "group_interval"), wait))
    return yaml.safe_dump(configuration)


class Alertmanager:
    """An Alertmanager to ask, and to tell what fires."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.address = str(http.base_url).removeprefix("http://").rstrip("/")

    async def fire(self, alerts: Sequence[dict[str, str]]) -> None:
        """Let alerts with these labels fire."""
        now = datetime.now(UTC)
        ends = (now + timedelta(hours=1)).isoformat()
        body = [
            {"labels": labels, "startsAt": now.isoformat(), "endsAt": ends} for labels in alerts
        ]
        (await self._http.post("/api/v2/alerts", json=body)).raise_for_status()

    async def state(self, labels: dict[str, str]) -> str:
        """`active` or `suppressed`, once the alert with these labels is known."""

        async def known() -> list[Any]:
            answer = await self._http.get("/api/v2/alerts")
            alerts = answer.raise_for_status().json()
            return [alert["status"]["state"] for alert in alerts if alert["labels"] == labels]

        return str((await until(known, lambda states: states))[0])


@contextlib.asynccontextmanager
async def alertmanager(
    folder: Path, configuration: str, *, name: str = ALERTMANAGER_25
) -> AsyncIterator[Alertmanager]:
    """A real Alertmanager with this configuration, ready; `name` is that of its program."""
    path = folder / "alertmanager.yml"
    path.write_text(configuration)
    command = (
        name,
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",
    )
    async with listening(command, "--web.listen-address", "/-/ready", folder) as http:
        yield Alertmanager(http)
