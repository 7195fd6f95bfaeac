"""The composition root: the objects of one exporter, wired, and their life until a signal."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import structlog
from starlette.types import ASGIApp

from exporter.api.client import BATCHES_IN_FLIGHT, Client
from exporter.api.exchange import Exchange
from exporter.api.transport import Budget, Trust, connections
from exporter.config import Configuration, Metro
from exporter.errors import ConfigurationError, ExporterError
from exporter.exposition.render import Exposition, render_in_steps
from exporter.exposition.selection import passing
from exporter.exposition.telemetry import Telemetry
from exporter.judgement import Policy
from exporter.loop import Threads, free, in_turn
from exporter.polling.metros import Metros, Plan
from exporter.polling.poller import Poller, Schedule
from exporter.polling.snapshot import Key, MetroSnapshot, Store
from exporter.polling.unforeseen import Unforeseen
from exporter.reload import Reloader
from exporter.status.board import Board
from exporter.status.model import Status
from exporter.status.verdict import failures
from exporter.web import Guard, Limits, Server, WebSettings, create_app, create_probe_app

GRACE_SECONDS: Final = 3
"""How long a scrape may go on after SIGTERM."""

_LAST_SECONDS: Final = 4.5
_BACKLOG: Final = 512
_THREADS: Final = 256
_PROBES: Final = Limits(connections=32)

log = structlog.get_logger()

T = TypeVar("T")


class Address(NamedTuple):
    """Where to listen; an empty host is every address of the machine, IPv4 and IPv6."""

    host: str
    port: int


class Web(NamedTuple):
    """How to serve: `config_file` has TLS and users, `probe_address` neither."""

    addresses: Sequence[Address]
    telemetry_path: str = "/metrics"
    config_file: Path | None = None
    probe_address: Address | None = None
    lifecycle: bool = False


class Graph:
    """The objects of one exporter; `apply` gives them metros to poll."""

    def __init__(
        self, configuration: Configuration, executor: ThreadPoolExecutor, clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._executor = executor
        self._trust = Trust()
        self._budgets: dict[tuple[str, int], Budget] = {}
        self.telemetry = Telemetry(configuration.shard)
        self.telemetry.configuration_loaded(clock())
        self._unforeseen = Unforeseen(self.telemetry.internal_error)
        self.store = Store()
        self.exposition = Exposition(stale_after=configuration.stale_after)
        self.metros = Metros(self._poller)
        self.board = Board(
            self.metros.polling, self.exposition.rendered, self.telemetry, clock=clock
        )
        self._connections_each = 1

    @property
    def pollers(self) -> tuple[Poller, ...]:
        """The pollers, in the order of the configuration."""
        return self.metros.pollers

    @property
    def connections(self) -> int:
        """How many connections to the API may be open at the same time."""
        return len(self.pollers) * self._connections_each

    async def apply(self, configuration: Configuration) -> None:
        """Poll what this configuration says.

        A metro that changed keeps its data for as long as it is the same API (decisions/0403).
        Raises `ConfigurationError`, and then nothing has changed.
        """
        began, gone = await self.metros.apply(configuration)
        for key in gone:
            self._forget(key)
        for plan in began:
            self._begin(plan)
        self._connections_each = BATCHES_IN_FLIGHT if configuration.batched else 1
        self.exposition.withdraw_after(configuration.stale_after)
        if configuration.stale_after < 2 * configuration.interval:
            # The rules take series that vanish while ukc_up is 1 for a deletion.
            log.warning(
                "series may vanish between polls: stale_after is below two intervals",
                stale_after=configuration.stale_after,
                interval=configuration.interval,
            )

    def app(
        self, telemetry_path: str, reload: Callable[[], Awaitable[None]] | None = None
    ) -> ASGIApp:
        """The ASGI application that serves the metrics of these pollers."""
        return create_app(
            exposition=self.exposition,
            telemetry=self.telemetry,
            board=self.board,
            ready=lambda: self.metros.tried,
            telemetry_path=telemetry_path,
            reload=reload,
        )

    def _begin(self, plan: Plan) -> None:
        """Keep what is known of the metro, as far as the plan still selects it."""
        newest, passes = self.store.newest(plan.key), passing(plan.metro.selection)
        if newest and passes:
            self.store.publish(newest.only(passes))
        self.telemetry.track(plan.key, interval=plan.configuration.interval)

    def _forget(self, key: Key) -> None:
        self.store.forget(key)
        self.exposition.forget(key)
        self.telemetry.forget(key)

    def _poller(self, plan: Plan) -> Poller:
        configuration = plan.configuration
        http = connections(plan.metro, configuration, self._trust, os.environ)
        exchange = Exchange(
            http,
            plan.account.token,
            timeout=configuration.timeout,
            max_response_bytes=configuration.max_response_bytes,
            on_request=self.telemetry.on_request(plan.key),
            on_clock_skew=self.telemetry.on_clock_skew(plan.key),
            budget=self._budget(plan),
            clock=self._clock,
            aside=self._aside,
        )
        client = Client(
            exchange,
            clock=self._clock,
            passes=passing(plan.metro.selection),
            shard=configuration.shard,
            aside=self._aside,
        )
        return Poller(
            plan.key,
            client.batched if configuration.batched else client.bulk,
            _schedule(configuration),
            store=self.store,
            publish=partial(self._publish, plan.metro),
            observer=self.telemetry,
            failure=self._unforeseen.failure,
            disconnect=http.aclose,
            clock=self._clock,
            aside=self._aside,
        )

    async def _publish(self, metro: Metro, snapshot: MetroSnapshot) -> None:
        previous = self.exposition.rendered(snapshot.key)
        now = self._clock()
        policy = Policy(metro.thresholds, metro.renewal)
        rendering = render_in_steps(
            snapshot, previous, now=now, selection=metro.selection, policy=policy
        )
        page = await in_turn(self._aside, rendering)
        changed = previous and previous.judgement is not page.judgement
        old = list(previous.judgement.standings) if previous and changed else []
        del previous, rendering
        self.exposition.publish(page)
        if old:
            await self._aside(partial(free, old))

    def _aside(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _budget(self, plan: Plan) -> Callable[[], Awaitable[None]] | None:
        """The budget of the metro's account; it outlives a reload that leaves it as it is."""
        limit = plan.account.max_requests_per_minute
        if limit is None:
            return None
        return self._budgets.setdefault((plan.account.name, limit), Budget(limit)).spend


def _schedule(configuration: Configuration) -> Schedule:
    # Longer than a request may take, so that a slow one is counted as a request that timed out.
    deadline = max(configuration.interval, configuration.timeout + 1)
    return Schedule(configuration.interval, deadline, configuration.stale_after)


@contextlib.asynccontextmanager
async def build(
    configuration: Configuration, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[Graph]:
    """The graph for a configuration; its connections are closed at the end of the context."""
    # One thread, in which each metro has its turn: two would only take turns at the interpreter's
    # lock, and hold twice the memory.
    with ThreadPoolExecutor(1, "aside") as executor:
        graph = Graph(configuration, executor, clock)
        try:
            await graph.apply(configuration)
            yield graph
        finally:
            await graph.metros.stop()


async def once(
    configuration: Configuration, *, clock: Callable[[], float] = time.time
) -> tuple[bytes, tuple[str, ...]]:
    """One poll of every metro: the metrics in text format, and a line for each that failed."""
    async with build(configuration, clock=clock) as graph:
        await asyncio.gather(*(poller.poll() for poller in graph.pollers))
        page = graph.exposition.stream(
            openmetrics=False, tail=graph.telemetry.exposition(openmetrics=False, process=False)
        )
        return b"".join(page.text()), tuple(failures(graph.board.status()))


async def collect(
    configuration: Configuration,
    *,
    query: str = "",
    polled: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.time,
) -> Status:
    """One poll of every metro, and all that needs attention or matches the query.

    `polled` is called when a metro was polled.
    """
    async with build(configuration, clock=clock) as graph:

        async def poll(poller: Poller) -> None:
            await poller.poll()
            polled()

        await asyncio.gather(*map(poll, graph.pollers))
        return graph.board.everything(query)


async def serve(
    configuration: Configuration,
    web: Web,
    *,
    load: Callable[[], Configuration] | None = None,
    listening: Callable[[str], None] = lambda _: None,
) -> None:
    """Poll and serve until SIGTERM or SIGINT; SIGHUP reloads.

    `load` gives the configuration for a reload; `listening` is called with the first URL once
    connections are accepted.
    Raises `ConfigurationError` for a bad web config file, `ExporterError` where an address cannot
    be bound, and any bug of a poller: the servers and the pollers are siblings, so that the
    process does not go on answering without them.
    """
    settings = WebSettings(web.config_file)
    # Name servers that hang hold a thread for each metro; the others need theirs.
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Threads(_THREADS, "worker"))
    async with contextlib.AsyncExitStack() as stack:
        # Whatever can still be wrong with the configuration is known before a port is bound.
        graph = await stack.enter_async_context(build(configuration))
        listeners = [stack.enter_context(listen(address)) for address in web.addresses]
        probes = [stack.enter_context(listen(a)) for a in (web.probe_address,) if a is not None]
        reloader = Reloader(load or (lambda: configuration), graph.apply, settings, graph.telemetry)
        app = graph.app(web.telemetry_path, reloader.reload if web.lifecycle else None)
        servers = [
            Server(
                Guard(app, settings),
                listeners,
                settings.handshake,
                grace=GRACE_SECONDS,
                reserved=lambda: graph.connections,
            )
        ]
        if probes:
            app = create_probe_app(lambda: graph.metros.tried)
            servers.append(
                Server(
                    app,
                    probes,
                    grace=GRACE_SECONDS,
                    limits=_PROBES,
                    reserved=lambda: graph.connections,
                )
            )
        async with asyncio.TaskGroup() as group:
            _obey(servers, lambda: group.create_task(_reload(reloader)))
            listening(_announce(listeners, probes, settings))
            graph.metros.start(group)
            await asyncio.gather(*(server.serve() for server in servers))
            await graph.metros.stop()
        log.info("stopped")


async def _reload(reloader: Reloader) -> None:
    with contextlib.suppress(ConfigurationError):  # it is logged and counted
        await reloader.reload()


def _obey(servers: Sequence[Server], reload: Callable[[], object]) -> None:
    """Stop on SIGTERM and SIGINT, reload on SIGHUP."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # A thread in a name lookup cannot be interrupted, and Python waits for it (decisions/0404).
        last = threading.Timer(_LAST_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    # One that came during the start has waited for this.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP,))


def _announce(
    listeners: Sequence[socket.socket], probes: Sequence[socket.socket], settings: WebSettings
) -> str:
    tls = settings.handshake() is not None
    for listener in listeners:
        log.info("listening", address=_where(listener), tls=tls)
    for listener in probes:
        log.info("listening for probes", address=_where(listener))
    return f"{'https' if tls else 'http'}://{_where(listeners[0])}"


def _where(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(address: Address) -> socket.socket:
    """A listening socket. Raises `ExporterError` naming an address that cannot be bound."""
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
            )
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server(tuple(address), family=family, backlog=_BACKLOG)
    except OSError as exc:
        where = f"{address.host}:{address.port}"
        # Python adds the address to what the system says.
        message = str(exc.strerror or exc).partition(" (while ")[0]
        raise ExporterError(f"cannot listen on {where}: {message}") from exc
