"""The simulator on a socket: TLS, requests that are not HTTP, and the command's whole life."""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from exporter.simulator import Clock, Fault, Simulator, run, serve
from tests.simulator.pki import pair
from tests.simulator.simulated import TOKEN, account, simulator

PATH = "/v1/certificates"
BEARER = {"authorization": f"Bearer {TOKEN}"}
RUN = """
from exporter.simulator import run
run(listen={listen!r}, token="secret", metro="fra", scenario={scenario!r}, seed=1, speed={speed})
"""


async def raw(world: Simulator, request: bytes) -> bytes:
    """What the server says to these bytes, until it closes the connection."""
    async with serve(world.app) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


@pytest.mark.anyio
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\nbad header\r\n\r\n", id="no header"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
    ],
)
async def test_what_is_not_http_is_a_400_in_json(request_: bytes) -> None:
    """Even before there is a request, the answer is an envelope."""
    head, _, body = (await raw(account(), request_)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n")
    assert body.startswith(b'{"status":"error","message":')


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A certificate for localhost and its key."""
    leaf = pair("localhost", sans=("localhost",), ends=timedelta(days=9_999))
    (tmp_path / "cert.pem").write_text(leaf.pem)
    (tmp_path / "key.pem").write_text(leaf.pkey)
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


@pytest.mark.anyio
async def test_tls(files: tuple[str, str]) -> None:
    """With a certificate, the same over HTTPS; a reset breaks the connection below."""
    trusting = ssl.create_default_context(cafile=files[0])
    world = account()

    async with (
        serve(world.app, certfile=files[0], keyfile=files[1]) as address,
        httpx.AsyncClient(verify=trusting, headers=BEARER) as http,
    ):
        url = f"https://localhost:{address.port}{PATH}"
        answer = await http.get(url)
        world.fault(Fault("reset"))
        with pytest.raises(httpx.ReadError):
            await http.get(url)

    assert (address.split(":")[0], answer.status_code) == ("https", 200)


@pytest.mark.anyio
async def test_over_ipv6() -> None:
    """An address with colons stands in brackets."""
    async with serve(account().app, "::1") as address, httpx.AsyncClient(headers=BEARER) as http:
        assert address.startswith("http://[::1]:")
        assert (await http.get(f"{address}{PATH}")).status_code == 200


@pytest.mark.anyio
async def test_two_servers_at_one_address() -> None:
    """The second is told so."""
    async with serve(account().app) as address:
        with pytest.raises(OSError, match=r"[Aa]ddress"):
            async with serve(account().app, port=address.port):
                raise AssertionError("unreachable")


@pytest.mark.anyio
async def test_a_server_ends_while_a_request_hangs() -> None:
    """Nothing waits for a body that stands still."""
    world = account()
    world.fault(Fault("hang-body"))

    async with (
        httpx.AsyncClient(headers=BEARER, timeout=30) as http,
        contextlib.AsyncExitStack() as s,
    ):
        async with serve(world.app) as address:
            answer = await s.enter_async_context(http.stream("GET", f"{address}{PATH}"))

        with pytest.raises(httpx.HTTPError):
            await answer.aread()


def started(listen: str = "127.0.0.1:0", scenario: str = "mixture", speed: float = 1) -> "Command":
    """The command, running."""
    return Command(RUN.format(listen=listen, scenario=scenario, speed=speed))


class Command:
    """A process of its own that simulates."""

    def __init__(self, source: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def url(self) -> str:
        """Where it says that it listens."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        return line.split()[4].rstrip(".")

    def ended(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Its exit code and its standard error, after that signal."""
        if number is not None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_stopped(number: signal.Signals) -> None:
    """It says what to try, answers, and ends well."""
    command = started(scenario="healthy", speed=0)
    url = command.url()
    answer = httpx.get(f"{url}{PATH}", headers=BEARER)

    assert len(answer.json()["data"]["certificates"]) == 25
    assert command.ended(number) == (0, "")


def test_the_command_ends_though_a_request_hangs() -> None:
    """SIGTERM while a body stands still: exit 0, and no traceback."""
    command = started(scenario="healthy")
    url = command.url()
    httpx.post(f"{url}/_sim/faults", json={"kind": "hang-body"})

    with httpx.stream("GET", f"{url}{PATH}", headers=BEARER) as answer:
        code, errors = command.ended(signal.SIGTERM)

    assert (answer.status_code, code) == (200, 0)
    assert errors == ""


@pytest.mark.parametrize(
    ("settings", "code", "reason"),
    [
        pytest.param({"listen": "nowhere"}, 2, "expected HOST:PORT", id="no port"),
        pytest.param({"listen": "127.0.0.1:99999"}, 2, "expected HOST:PORT", id="no such port"),
        pytest.param({"listen": "192.0.2.1:1"}, 1, "192.0.2.1:1: ", id="not an address of ours"),
        pytest.param({"scenario": "nothing"}, 2, "neither a readable file", id="no scenario"),
        pytest.param({"speed": -1}, 2, "speed: expected", id="backwards"),
    ],
)
def test_the_command_says_what_is_wrong(
    settings: dict[str, Any], code: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, without a traceback."""
    defaults = {"listen": "127.0.0.1:0", "scenario": "healthy", "speed": 1.0}

    with pytest.raises(SystemExit) as ended:
        run(token=TOKEN, metro="fra0", seed=1, **{**defaults, **settings})

    message = capsys.readouterr().err
    assert ended.value.code == code
    assert message.startswith("simulate: ")
    assert (reason in message, message.count("\n")) == (True, 1)


def test_seeded_fleets_need_no_cryptography() -> None:
    """Without the extra everything works but uploads, which say what is missing."""
    source = """
import sys
sys.modules["cryptography"] = None
from tests.simulator.simulated import ask, items, refused, simulator
world = simulator()
listed = items(ask(world, "GET", "/v1/certificates"))
body = {"cn": "a.example", "chain": "x", "pkey": "x"}
answer = ask(world, "POST", "/v1/certificates", json=body)
print(len(listed), refused(answer), "ukc-certificate-exporter[simulator]" in answer.text)
"""
    ran = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=60
    )

    assert ran.stdout == "32 (501, 1) True\n", ran.stderr


def test_simulators_of_one_account_share_their_clock() -> None:
    """What is advanced in one metro has passed in the other."""
    clock = Clock(start=0, speed=0)
    fra, dal = (simulator(metro=metro, clock=clock) for metro in ("fra0", "dal0"))

    fra.advance(100)

    assert dal.status()["now"] == 100.0
