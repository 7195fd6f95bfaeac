"""The exporter under attack: a process of its own that serves one metro of many certificates."""

import asyncio
import contextlib
import re
import resource
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from tests.world.api import ScriptedApi, http
from tests.world.authority import Authority
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import COMMAND, Running, running

TOKEN = f"aW5ib3VuZA{MARK}="
SCRAPE_SECONDS = 30.0
"""Longer than Prometheus' default of 10 s: whether a scrape comes through is told here, and not
how busy the machine is."""


class Target(NamedTuple):
    """Where the exporter listens, and its process; `tls` is a scraper's context or None."""

    host: str
    port: int
    process: Running
    tls: ssl.SSLContext | None

    def memory(self) -> int:
        """Resident memory, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) * 1024

    async def connect(
        self, source: str = "127.0.0.1", *, tls: bool = True
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from this address of the machine, encrypted where the exporter expects it.

        Raises OSError.
        """
        context = self.tls if tls else None
        # A buffer that is soon full: what a client leaves unread is left to the exporter.
        return await asyncio.open_connection(
            self.host, self.port, limit=1 << 10, local_addr=(source, 0), ssl=context
        )

    async def scrape(self, source: str = "127.0.0.1", head: str = "") -> str:
        """The status line of a whole scrape over a new connection; empty if it is lost."""
        request = f"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{head}\r\n"
        try:
            async with asyncio.timeout(SCRAPE_SECONDS):
                reader, writer = await self.connect(source)
                try:
                    writer.write(request.encode())
                    return await _whole(reader)
                finally:
                    writer.transport.abort()
        except (OSError, asyncio.IncompleteReadError):
            return ""


async def _whole(reader: asyncio.StreamReader) -> str:
    status = (await reader.readline()).decode().strip()
    length = 0
    while line := (await reader.readline()).decode().strip().lower():
        if line.startswith("content-length: "):
            length = int(line.partition(": ")[2])
    while length:
        length -= len(await reader.readexactly(min(length, 1 << 16)))
    return status


def limited(descriptors: int) -> tuple[str, ...]:
    """A command that starts the exporter with so many file descriptors at most."""
    return ("prlimit", f"--nofile={descriptors}:{descriptors}")


@contextlib.asynccontextmanager
async def target(
    certificates: int = 3,
    *,
    tls: bool = False,
    web: str = "",
    metros: int = 1,
    prefix: tuple[str, ...] = (),
) -> AsyncIterator[Target]:
    """An exporter that has read every metro once.

    `web` is added to its web config file, `prefix` is what starts it.
    """
    items = [item(uuid=f"u{n}", name=f"n{n}.example.com-x9d9k") for n in range(certificates)]
    api = ScriptedApi(http(200, body(*items)))
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = await stack.enter_async_context(api.serving())
        each = ", ".join(f"{{name: m{n}, url: '{url}'}}" for n in range(metros))
        (folder / "exporter.yaml").write_text(
            f"accounts: [{{name: a, token_env: UKC_TOKEN, metros: [{each}]}}]"
        )
        authority = Authority(folder)
        authority.issue("server")
        pair = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n" if tls else ""
        (folder / "web.yml").write_text(pair + web)
        process = await stack.enter_async_context(
            running(
                f"--config.file={folder / 'exporter.yaml'}",
                f"--web.config.file={folder / 'web.yml'}",
                "--web.listen-address=127.0.0.1:0",
                "--log.level=info",
                variables={"UKC_TOKEN": TOKEN},
                command=(*prefix, *COMMAND),
            )
        )
        host, _, port = (await process.url()).rpartition("/")[2].rpartition(":")
        for n in range(metros):
            await process.says(f"poll succeeded.*metro=m{n} ")
        context = ssl.create_default_context(cafile=authority.file) if tls else None
        yield Target(host, int(port), process, context)


def enough_descriptors() -> None:
    """Let this process hold as many connections as the system allows it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
