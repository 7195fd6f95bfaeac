"""The command `simulate`: one metro on a socket, until it is told to stop."""

import asyncio
import signal
import sys
from typing import TextIO

from exporter.simulator.http.server import serve
from exporter.simulator.simulator import Simulator
from exporter.simulator.world import x509
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.scenario import ScenarioError

_WELCOME = """\
Simulating metro {metro} at {url}. Try:
  curl -H 'Authorization: Bearer {token}' {url}/v1/certificates
  curl {url}/_sim/
  curl {url}/_sim/clock -d '{{"by": "30d"}}'
  curl {url}/_sim/faults -d '{{"kind": "rate-limited", "retry_after": 30}}'
"""
_NO_UPLOADS = "Uploads are refused: they need the extra `simulator` (cryptography).\n"


def run(*, listen: str, token: str, metro: str, scenario: str, seed: int, speed: float) -> None:
    """Serve one metro until SIGTERM or SIGINT; what is wrong is a line on standard error.

    Raises SystemExit: 2 for an address, scenario or speed that cannot be, 1 for an address that
    is taken.
    """
    try:
        host, port = _address(listen)
        clock = Clock(speed=speed)
        simulator = Simulator(scenario, seed=seed, metro=metro, token=token, clock=clock)
    except (ScenarioError, ValueError) as exc:
        _print(f"simulate: {exc}\n", sys.stderr)
        raise SystemExit(2) from None
    try:
        asyncio.run(_until_stopped(simulator, host, port, token))
    except OSError as exc:
        _print(f"simulate: {listen}: {exc.strerror or exc}\n", sys.stderr)
        raise SystemExit(1) from None


async def _until_stopped(simulator: Simulator, host: str, port: int, token: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve(simulator.app, host, port) as address:
        welcome = _WELCOME.format(metro=simulator.metro, url=address, token=token)
        _print(welcome if x509.available() else welcome + _NO_UPLOADS, sys.stdout)
        await stopped.wait()


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"listen address {listen!r}: expected HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def _print(text: str, stream: TextIO) -> None:
    stream.write(text)
    stream.flush()
