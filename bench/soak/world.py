"""The world around a soaked exporter: metros with faults, a token and files that change."""

import contextlib
import gzip
import random
from collections.abc import AsyncIterator
from pathlib import Path

from exporter.simulator import Fault, Simulator, serve
from exporter.simulator.http.asgi import Receive, Scope, Send
from tests.faults.outbound.attacks import DEEP
from tests.world.builders import body, item
from tests.world.leaks import MARK

Odd = tuple[int, list[tuple[bytes, bytes]], bytes]
"""An answer: status, headers, body."""

METROS = ("fra0", "dal0", "sin0", "was1")
ALWAYS = METROS[:3]
"""Those that every good configuration has; the last one comes and goes."""

_FAULTS = (
    Fault("latency", seconds=0.4),
    Fault("hang"),
    Fault("hang-body"),
    Fault("reset"),
    Fault("reset", after=100),
    Fault("truncate"),
    Fault("drip", seconds=0.05),
    Fault("endless"),
    Fault("unauthorized"),
    Fault("forbidden"),
    Fault("not-found"),
    Fault("rate-limited"),
    Fault("rate-limited", retry_after=1),
    Fault("server-error"),
    Fault("bad-gateway"),
    Fault("empty"),
    Fault("garbage"),
    Fault("wrong-types"),
)
_ITEMS = [item(uuid=str(n), name=str(n), state=7) for n in range(5000)]
_ZEROS = b'{"status":"success","data":{"certificates":[' + b"0," * 1_000_000 + b"0]}}"
_ODD: tuple[Odd, ...] = (
    (401, [], b'{"status":"error","message":' + DEEP + b"}"),
    (200, [], body(item()).replace(b'"state"', b'"odd":' + DEEP + b',"state"')),
    (200, [], b'{"data":{"certificates":[' + b"[" * 100_000),
    (200, [(b"content-encoding", b"gzip")], gzip.compress(_ZEROS)),
    (200, [], body(*_ITEMS)),
    (503, [(b"set-cookie", b"a=" + b"x" * 4000)], b""),
)
"""What the attacks of `tests/faults/outbound` answer, in a smaller form."""

_SIMULATED_TOKEN = "the-token-of-the-simulator"


class _Door:
    """Lets a simulator in that knows one token see whichever token is right now."""

    def __init__(self, name: str, simulator: Simulator, world: "World") -> None:
        self.name = name
        self._simulator = simulator
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        odd = self._world.answers.get(self.name)
        # A list of other certificates would be another inventory, and no fault.
        if scope["type"] == "http" and odd is not None and not scope["path"].endswith("/list"):
            status, headers, body = odd
            start = {"type": "http.response.start", "status": status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        if scope["type"] == "http":
            right = f"Bearer {self._world.token}".encode()
            headers = [
                (
                    n,
                    f"Bearer {_SIMULATED_TOKEN}".encode()
                    if (n, v) == (b"authorization", right)
                    else v,
                )
                for n, v in scope["headers"]
            ]
            scope = {**scope, "headers": headers}
        await self._simulator.app(scope, receive, send)


class World:
    """Everything that an exporter meets, at random but from a seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a seed, not a secret
        self.token = ""
        self.answers: dict[str, Odd] = {}
        counted = ("faults", "odd answers", "good reloads", "bad reloads", "rotations")
        self.counts = dict.fromkeys((*counted, "directories", "unread answers"), 0)
        self.configuration = folder / "exporter.yaml"
        self._token_file = folder / "token"
        self._urls: dict[str, str] = {}
        self._simulators: dict[str, Simulator] = {}
        self.rotate()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """All metros on real sockets, and a good configuration."""
        async with contextlib.AsyncExitStack() as stack:
            for name in METROS:
                simulator = Simulator("mixture", metro=name, token=_SIMULATED_TOKEN)
                door = _Door(name, simulator, self)
                self._urls[name] = str(await stack.enter_async_context(serve(door)))
                self._simulators[name] = simulator
            self.write_good()
            yield

    def rotate(self) -> None:
        """Another token, in the file as at the API."""
        self.token = MARK + self.random.randbytes(24).hex()
        if self._token_file.is_dir():
            self._token_file.rmdir()
        fresh = self._token_file.with_suffix(".new")
        fresh.write_text(self.token)
        fresh.replace(self._token_file)
        self.counts["rotations"] += 1

    def misplace(self) -> None:
        """A directory in the place of the token, until it is rotated."""
        if not self._token_file.is_dir():
            self._token_file.unlink()
            self._token_file.mkdir()
        self.counts["directories"] += 1

    def write_good(self) -> None:
        """A configuration of three or four metros, with one interval or another."""
        if self._token_file.is_dir():
            self.rotate()
        names = METROS if self.random.random() < 0.5 else ALWAYS
        interval = self.random.choice(("500ms", "1s"))
        fetch = self.random.choice(("bulk", "batched"))
        metros = ", ".join(f"{{name: {n}, url: '{self._urls[n]}'}}" for n in names)
        self.configuration.write_text(
            f"interval: {interval}\ntimeout: 500ms\nstale_after: 1h\nfetch: {fetch}\n"
            "max_response_bytes: 4000000\n"
            f"accounts: [{{name: default, token_file: {self._token_file}, metros: [{metros}]}}]\n"
        )
        self.counts["good reloads"] += 1

    def write_bad(self) -> None:
        """A configuration that has to be refused."""
        self.configuration.write_text("accounts: [{name: a, token_file: /none, metros: []}]\n")
        self.counts["bad reloads"] += 1

    def trouble(self) -> None:
        """One metro has a fault, or all its faults are over."""
        name = self.random.choice(METROS)
        simulator = self._simulators[name]
        simulator.clear_faults()
        self.answers.pop(name, None)
        what = self.random.random()
        if what < 0.4:
            simulator.fault(self.random.choice(_FAULTS))
            self.counts["faults"] += 1
        elif what < 0.7:
            self.answers[name] = self.random.choice(_ODD)
            self.counts["odd answers"] += 1

    def calm(self) -> None:
        """No metro has a fault."""
        self.answers.clear()
        for simulator in self._simulators.values():
            simulator.clear_faults()
