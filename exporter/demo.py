"""The exporter against three simulated metros, in one process: no account, no file."""

import contextlib
from collections.abc import Callable
from typing import Final

from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.service import Web, serve
from exporter.simulator import Clock, Simulator
from exporter.simulator import serve as serve_simulator

METROS: Final = ("fra", "dal", "sin")
INTERVAL_SECONDS: Final = 15.0

_TOKEN: Final = "demo:not-a-secret"  # noqa: S105 - the simulator's, made up here

_WELCOME: Final = """\
Three simulated metros ({metros}), a certificate for every state and urgency.

  {url}{root}  what needs attention, and what to do about it
  {url}{path}  what Prometheus scrapes

In another terminal:

  curl -s {url}{path} | grep ukc_certificate_expiry_days

Stop with Ctrl-C.
"""


async def demo(web: Web, *, say: Callable[[str], None], seed: int = 1) -> None:
    """Serve until SIGTERM or SIGINT; `say` prints a welcome. Raises as `service.serve` does."""
    async with contextlib.AsyncExitStack() as stack:
        clock, metros = Clock(), []
        for name in METROS:
            simulator = Simulator("mixture", seed=seed, metro=name, token=_TOKEN, clock=clock)
            url = await stack.enter_async_context(serve_simulator(simulator.app))
            metros.append(Metro(name, str(url)))
        token = TokenVariable("demo", Token(_TOKEN))
        account = Account("demo", token, tuple(metros))
        await serve(
            Configuration((account,), interval=INTERVAL_SECONDS),
            web,
            listening=lambda url: say(_welcome(url, web.telemetry_path)),
        )


def _welcome(url: str, path: str) -> str:
    root = "/".ljust(len(path))
    return _WELCOME.format(url=url, root=root, path=path, metros=", ".join(METROS))
