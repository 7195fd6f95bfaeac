"""The composition root: the graph of one exporter, and its life until it is told to stop."""

import asyncio
import contextlib
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple

import httpx
import structlog
import uvicorn
from starlette.types import ASGIApp

from exporter import __version__
from exporter.client import Client
from exporter.config import Account, Configuration, Metro
from exporter.errors import ExporterError
from exporter.exposition import Exposition, render
from exporter.poller import Poller, Schedule
from exporter.snapshot import Key, MetroSnapshot, Store
from exporter.telemetry import Telemetry
from exporter.web import create_app

GRACE_SECONDS: Final = 3
"""How long a scrape may go on once the process was told to stop."""

_BACKLOG: Final = 512
_CONNECTIONS: Final = 8

log = structlog.get_logger()


class Address(NamedTuple):
    """Where to listen; an empty host is every address of the machine, IPv4 and IPv6."""

    host: str
    port: int


class Graph(NamedTuple):
    """The parts of one exporter, wired."""

    telemetry: Telemetry
    store: Store
    exposition: Exposition
    pollers: tuple[Poller, ...]

    def app(self, telemetry_path: str) -> ASGIApp:
        """The ASGI application that serves what the pollers find."""
        return create_app(
            exposition=self.exposition,
            telemetry=self.telemetry,
            store=self.store,
            metros=[poller.key for poller in self.pollers],
            ready=lambda: all(poller.tried.is_set() for poller in self.pollers),
            telemetry_path=telemetry_path,
        )


@contextlib.asynccontextmanager
async def build(
    configuration: Configuration, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[Graph]:
    """The graph for a configuration; its connections are closed at the end of the context."""
    telemetry, store = Telemetry(), Store()
    telemetry.configuration_loaded(clock())
    exposition = Exposition(stale_after=configuration.stale_after, clock=clock)
    async with contextlib.AsyncExitStack() as stack:
        # One thread: renderings side by side would only take turns, and hold more memory.
        executor = stack.enter_context(ThreadPoolExecutor(1, "render"))
        publish = partial(_publish, exposition, executor, clock)
        tls = httpx.create_ssl_context()
        pollers: list[Poller] = []
        for account in configuration.accounts:
            for metro in account.metros:
                http = await stack.enter_async_context(_http(metro, configuration, tls))
                key = Key(account.name, metro.name)
                telemetry.track(key, interval=configuration.interval)
                client = _client(http, account, key, configuration, telemetry, clock)
                fetch = client.bulk if configuration.fetch == "bulk" else client.batched
                poller = Poller(
                    key,
                    fetch,
                    _schedule(configuration),
                    store=store,
                    publish=publish,
                    observer=telemetry,
                    clock=clock,
                )
                pollers.append(poller)
        yield Graph(telemetry, store, exposition, tuple(pollers))


def _schedule(configuration: Configuration) -> Schedule:
    deadline = max(configuration.interval, configuration.timeout)
    return Schedule(configuration.interval, deadline, configuration.stale_after)


def _http(metro: Metro, configuration: Configuration, tls: ssl.SSLContext) -> httpx.AsyncClient:
    """A pool of connections for one metro alone, so that a metro that hangs holds up no other."""
    return httpx.AsyncClient(
        base_url=metro.base_url,
        verify=tls,
        # Shorter than the whole request may take: httpx closes a socket whose handshake times
        # out by its own clock, and leaves it open where the handshake is cancelled from outside.
        timeout=httpx.Timeout(configuration.timeout, connect=configuration.timeout / 2),
        headers={"User-Agent": f"ukc-certificate-exporter/{__version__}"},
        # Kept beyond an interval: most polls then need no new connection.
        limits=httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=1,
            keepalive_expiry=2 * configuration.interval,
        ),
        follow_redirects=False,  # the token stays with the host that it is meant for
    )


def _client(
    http: httpx.AsyncClient,
    account: Account,
    key: Key,
    configuration: Configuration,
    telemetry: Telemetry,
    clock: Callable[[], float],
) -> Client:
    return Client(
        http,
        account.token,
        timeout=configuration.timeout,
        max_response_bytes=configuration.max_response_bytes,
        on_request=telemetry.on_request(key),
        clock=clock,
    )


async def _publish(
    exposition: Exposition,
    executor: ThreadPoolExecutor,
    clock: Callable[[], float],
    snapshot: MetroSnapshot,
) -> None:
    previous = exposition.rendered(snapshot.key)
    rendering = partial(render, snapshot, previous, now=clock())
    exposition.publish(await asyncio.get_running_loop().run_in_executor(executor, rendering))


async def once(configuration: Configuration) -> tuple[bytes, tuple[Key, ...]]:
    """One poll of every metro: the page in text format, and the metros that failed."""
    async with build(configuration) as graph:
        await asyncio.gather(*(poller.poll() for poller in graph.pollers))
        page = graph.exposition.stream(
            openmetrics=False, tail=graph.telemetry.exposition(openmetrics=False)
        )
        failed = tuple(p.key for p in graph.pollers if graph.store.newest(p.key) is None)
        return b"".join(page.text()), failed


async def serve(
    configuration: Configuration,
    address: Address,
    *,
    telemetry_path: str = "/metrics",
    listening: Callable[[str], None] = lambda _: None,
) -> None:
    """Poll and serve until SIGTERM or SIGINT.

    `listening` is told the URL once connections are taken.
    Raises `ExporterError` where the address cannot be bound, and any bug of a poller: the server
    and the pollers are siblings, so that the process does not go on answering without them.
    """
    listener = listen(address)
    async with build(configuration) as graph:
        server = _server(graph.app(telemetry_path))
        # Uvicorn raises the signal again once it has stopped; this is whom it then reaches.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        host, port = listener.getsockname()[:2]
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        log.info("listening", address=where)
        listening(f"http://{where}")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(poller.run()) for poller in graph.pollers]
            await server.serve(sockets=[listener])
            for task in tasks:
                task.cancel()
        log.info("stopped")


def listen(address: Address) -> socket.socket:
    """A listening socket. Raises `ExporterError` with the address where it cannot be had."""
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
            )
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server(tuple(address), family=family, backlog=_BACKLOG)
    except OSError as exc:
        where = f"{address.host}:{address.port}"
        raise ExporterError(f"cannot listen on {where}: {exc.strerror or exc}") from exc


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            backlog=_BACKLOG,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
