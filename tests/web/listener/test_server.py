"""Sockets: who is let in, what each may take up, and that others are served all the while."""

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest
from starlette.types import Receive, Scope, Send

from exporter.service import Address, listen
from exporter.web import Guard, Limits, Server, WebSettings, create_probe_app
from exporter.web.listener.requests import OriginForm
from exporter.web.listener.server import affordable
from exporter.web.listener.tls import Handshake
from tests.world.authority import DAY, Authority, Files
from tests.world.clock import STEP_SECONDS, SteppedLoop, passing
from tests.world.tools import need

pytestmark = pytest.mark.anyio

BIG = 64 << 20
LIMITS = Limits(connections=8)
HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n"
PASSWORD = "correct horse"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """A clock that the tests move on."""
    return "asyncio", {"loop_factory": SteppedLoop}


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Health, a page too big for any buffer, and one that takes its time and never ends."""
    if scope["path"] == "/endless":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            await asyncio.sleep(0)
    if scope["path"] != "/big":
        await create_probe_app(lambda: True)(scope, receive, send)
        return
    headers = [(b"content-length", str(BIG).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(BIG >> 20):
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def started(
    settings: WebSettings | None = None, limits: Limits | None = None
) -> AsyncIterator[tuple[Server, tuple[str, int]]]:
    """A server and its address."""
    with listen(Address("127.0.0.1", 0)) as listener:
        where = listener.getsockname()
        app = Guard(_app, settings) if settings else _app
        handshake = settings.handshake if settings else lambda: None
        server = Server(app, [listener], handshake, grace=1, limits=limits)
        running = asyncio.create_task(server.serve())
        try:
            yield server, where
        finally:
            server.should_exit = True
            await passing(running)


@contextlib.asynccontextmanager
async def serving(
    settings: WebSettings | None = None, limits: Limits | None = None
) -> AsyncIterator[tuple[str, int]]:
    """A server; gives its address."""
    async with started(settings, limits) as (_, where):
        yield where


@contextlib.asynccontextmanager
async def connected(
    where: tuple[str, int], sent: bytes = b"", *, source: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client's connection, over which something was sent."""
    reader, writer = await asyncio.open_connection(*where, limit=1 << 10, local_addr=(source, 0))
    try:
        writer.write(sent)
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def ended(*readers: asyncio.StreamReader) -> tuple[list[bytes], float]:
    """What comes until the server has ended the connections, and after how many seconds it has."""

    async def rest(reader: asyncio.StreamReader) -> bytes:
        with contextlib.suppress(ConnectionError):
            return await reader.read()
        return b""

    return await passing(asyncio.gather(*map(rest, readers)))


async def healthy(where: tuple[str, int], **options: Any) -> int:
    """The status of a request of a client of its own."""
    scheme = "https" if "verify" in options else "http"
    async with httpx.AsyncClient(trust_env=False, timeout=20, **options) as client:
        return (await client.get(f"{scheme}://{where[0]}:{where[1]}/-/healthy")).status_code


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        pytest.param(b"", LIMITS.head, id="nothing"),
        pytest.param(b"GET", LIMITS.head, id="a part of the first line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", LIMITS.head, id="a part of a header"),
        pytest.param(HEALTHY + b"GET", LIMITS.head, id="a part of a second request"),
        pytest.param(HEALTHY, LIMITS.idle, id="nothing more"),
        pytest.param(
            b"POST /-/healthy HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\nx",
            LIMITS.idle,
            id="a part of a body",
        ),
    ],
)
async def test_a_client_that_stops_is_disconnected(sent: bytes, seconds: float) -> None:
    """At the limit of what it is expected to do next."""
    async with serving(limits=LIMITS) as where, connected(where, sent) as (reader, _):
        (answer,), passed = await ended(reader)

    assert answer.count(b"HTTP/1.1 ") == (b"\r\n\r\n" in sent)
    assert passed == pytest.approx(seconds, abs=1)


async def test_a_header_byte_by_byte_has_the_limit_of_one_at_once() -> None:
    """The limit is on the whole head, not on each byte."""
    head = b"GET / HTTP/1.1\r\nX: "
    async with serving(limits=LIMITS) as where, connected(where, head) as (reader, writer):

        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(STEP_SECONDS)

        dripping = asyncio.create_task(drip())
        (answer,), passed = await ended(reader)
        dripping.cancel()

    assert answer == b""
    assert passed == pytest.approx(LIMITS.head, abs=1)


async def test_a_client_that_never_reads_is_disconnected() -> None:
    """Others are answered meanwhile, and the rest of its answer is dropped."""
    request = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
    async with started(limits=LIMITS) as (server, where), connected(where, request):
        codes = [await healthy(where) for _ in range(3)]

        async def gone() -> None:
            while server.server_state.connections:  # noqa: ASYNC110 - uvicorn's, without an event
                await asyncio.sleep(0)

        _, passed = await passing(gone())

    assert codes == [200, 200, 200]
    assert passed == pytest.approx(LIMITS.answer, abs=1)


async def test_a_client_that_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of an answer, as a scraper does whose time is over."""
    request = b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n"
    async with serving() as where, connected(where, request) as (reader, writer):
        await reader.readexactly(1)
        writer.write_eof()
        await ended(reader)

    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("head", "want"),
    [
        pytest.param(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", b"400", id="header"),
        pytest.param(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", b"400", id="path"),
        pytest.param(b"GET\0/ HTTP/1.1\r\n%.0s\r\n", b"400", id="NUL"),
        pytest.param(b"\x16\x03\x01\x02%.0s\r\n\r\n", b"400", id="TLS to plain HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\n%.0s\r\n", b"400", id="no host"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2%.0s\r\n\r\n",
            b"400",
            id="two lengths",
        ),
    ],
)
async def test_malformed_and_oversized_requests(head: bytes, want: bytes) -> None:
    """Refused, and the connection is over."""
    sent = head % (b"x" * 40_000)
    async with serving() as where, connected(where, sent) as (reader, _):
        (answer,), passed = await ended(reader)

    assert (answer[9:12], passed < 1) == (want, True)


async def test_no_answer_waits_for_its_beginning_to_be_confirmed() -> None:
    """Head and body are two packets, and a client confirms one of them 40 ms late."""
    async with started() as (server, where), connected(where, HEALTHY) as (reader, _):
        await reader.readuntil(b"Healthy.\n")
        (client,) = server._clients
        accepted = client.transport.get_extra_info("socket")

        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_bug_on_the_way_to_a_connection_ends_the_server() -> None:
    """It does not go on without accepting connections."""

    def broken() -> Handshake:
        raise ZeroDivisionError

    with listen(Address("127.0.0.1", 0)) as listener:
        server = Server(_app, [listener], broken, grace=1)
        running = asyncio.create_task(server.serve())
        async with connected(listener.getsockname()) as (reader, _):
            assert (await ended(reader))[0] == [b""]
        with pytest.raises(ZeroDivisionError):
            await passing(running)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\r\n" + HEALTHY, id="an empty line before it"),
        pytest.param(b"\r\n" * 5000 + HEALTHY, id="many of them"),
        pytest.param(b"\n" + HEALTHY, id="a line feed"),
        pytest.param(HEALTHY.replace(b"/-", b"http://b/-"), id="absolute form"),
        pytest.param(HEALTHY.replace(b"/-", b"HTTPS://[::1]:80/-"), id="with a port"),
        pytest.param(HEALTHY.replace(b"healthy", b"%68ealthy?a=b"), id="escaped, with a query"),
    ],
)
async def test_the_same_request_in_other_forms(request_: bytes) -> None:
    """As proxies and old clients send it (RFC 9112, sections 2.2 and 3.2.2), on and on."""
    async with serving() as where, connected(where) as (reader, writer):
        for _ in range(2):
            writer.write(request_)
            answer = await reader.readuntil(b"Healthy.\n")

            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_the_target_names_the_host() -> None:
    """Where it is absolute, in place of `Host`; one without a host is none of ours."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    for target in (b"http://b:1", b"http://b:1/x%20y", b"http:///x", b"*"):
        scope = {"path": target.decode(), "raw_path": target, "headers": [(b"host", b"a")]}
        await OriginForm(app)(scope, None, None)  # type: ignore[arg-type]

    assert [(s["path"], s["raw_path"], s["headers"][0][1]) for s in scopes] == [
        ("/", b"/", b"b:1"),
        ("/x y", b"/x%20y", b"b:1"),
        ("http:///x", b"http:///x", b"a"),
        ("*", b"*", b"a"),
    ]


async def test_an_answer_ends_with_its_client() -> None:
    """The application does not render on for somebody who has gone."""
    sent: list[int] = []
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": bytes(1000), "more_body": True})
                sent.append(1)
                await asyncio.sleep(0)
        finally:
            ended.set()

    with listen(Address("127.0.0.1", 0)) as listener:
        server = Server(app, [listener], grace=1)
        running = asyncio.create_task(server.serve())
        async with connected(listener.getsockname(), HEALTHY) as (reader, _):
            await reader.readline()
        await passing(ended.wait())
        server.should_exit = True
        await passing(running)

    assert sent


async def test_those_who_leave_an_answer_unread_give_way() -> None:
    """To those who ask after them, and most of all where one address has many of them."""
    request = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"
    limits = Limits(connections=20, unread=3)
    async with (
        started(limits=limits) as (server, where),
        contextlib.AsyncExitStack() as stack,
    ):
        other = await stack.enter_async_context(connected(where, request, source="127.0.0.2"))
        for _ in range(10):
            await stack.enter_async_context(connected(where, request))
        while len(server._unread) < 3 or len(server._clients) > 3:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)
        shares = sorted(client.share for client in server._unread)
        code = await healthy(where)

        assert not other[0].at_eof()
    assert (shares, code) == (["127.0.0.1", "127.0.0.1", "127.0.0.2"], 200)


async def test_a_new_address_is_let_in() -> None:
    """Whoever holds all connections makes room, and stays otherwise."""
    async with serving(limits=Limits(connections=8)) as where, contextlib.AsyncExitStack() as stack:
        few = [
            await stack.enter_async_context(connected(where, source="127.0.0.2")) for _ in range(2)
        ]
        for _ in range(20):
            await stack.enter_async_context(connected(where))
        code = await healthy(where)

        assert [reader.at_eof() for reader, _ in few] == [False, False]
    assert code == 200


@pytest.mark.parametrize(
    ("soft", "reserved", "want"),
    [(1024, 50, 256), (64, 0, 48), (64, 40, 8), (64, 60, 4), (resource.RLIM_INFINITY, 9, 256)],
)
def test_connections_leave_descriptors_to_the_metros(soft: int, reserved: int, want: int) -> None:
    """And some are always there."""
    assert affordable(256, reserved, soft=soft) == want


@pytest.mark.parametrize(
    ("size", "want"), [(12 << 10, b"200"), (16 << 10, b"200"), (17 << 10, b"400")]
)
async def test_how_long_a_head_may_be(size: int, want: bytes) -> None:
    """One of 12 KiB is never refused for its length, one over 16 KiB always, however it comes."""
    start = b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: "
    head = start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"
    async with serving() as where, connected(where, head) as (reader, _):
        (answer,), passed = await ended(reader)

    assert (answer[9:12], passed < 1) == (want, True)


async def test_idle_connections_give_way() -> None:
    """Those over the limit push out the longest idle, and whoever asks is answered."""
    async with serving(limits=Limits(connections=8)) as where, contextlib.AsyncExitStack() as stack:
        idle = [await stack.enter_async_context(connected(where)) for _ in range(20)]
        codes = [await healthy(where) for _ in range(3)]
        over, passed = await ended(*(reader for reader, _ in idle[:12]))
        alive = [not reader.at_eof() for reader, _ in idle[16:]]

    assert (codes, over, alive) == ([200] * 3, [b""] * 12, [True] * 4)
    assert passed < 1


async def test_a_handshake_that_never_comes(tmp_path: Path) -> None:
    """Is a connection like any other: bounded in time and in number."""
    async with (
        serving(settings(tmp_path), LIMITS) as where,
        contextlib.AsyncExitStack() as stack,
    ):
        silent = [await stack.enter_async_context(connected(where)) for _ in range(20)]
        code = await healthy(where, verify=trusting(tmp_path))
        over, passed = await ended(*(reader for reader, _ in silent))

    assert (code, over) == (200, [b""] * 20)
    assert passed == pytest.approx(LIMITS.handshake, abs=1)


def settings(folder: Path, rest: str = "", more: str = "") -> WebSettings:
    """HTTPS with a new authority's certificate."""
    Authority(folder).issue("server")
    path = folder / "web.yml"
    path.write_text(
        f"tls_server_config: {{cert_file: server.pem, key_file: server.key{rest}}}\n{more}"
    )
    return WebSettings(path)


def trusting(folder: Path, *client: Files) -> ssl.SSLContext:
    """A client's context that trusts the folder's authority, with a certificate or without."""
    context = ssl.create_default_context(cafile=folder / "authority.pem")
    for files in client:
        context.load_cert_chain(*files)
    return context


MUTUAL = ", client_ca_file: authority.pem, client_auth_type: RequireAndVerifyClientCert"


async def test_mutual_tls_and_allowed_names(tmp_path: Path) -> None:
    """A certificate of the authority with the right name; nothing else."""
    authority = Authority(tmp_path)
    authority.issue("server")
    right, wrong = authority.issue("right", "scraper.example.com"), authority.issue("wrong", "b")
    expired = authority.issue("expired", "scraper.example.com", ends=-DAY)
    foreign = Authority(tmp_path, "other").issue("foreign", "scraper.example.com")
    path = tmp_path / "web.yml"
    sans = ", client_allowed_sans: [scraper.example.com]"
    path.write_text(
        f"tls_server_config: {{cert_file: server.pem, key_file: server.key{MUTUAL}{sans}}}"
    )
    async with serving(WebSettings(path)) as where:
        assert await healthy(where, verify=trusting(tmp_path, right)) == 200
        for refused in ((wrong,), (expired,), (foreign,), ()):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)):
                await healthy(where, verify=trusting(tmp_path, *refused))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_no_session_is_resumed(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """Nor is any kept: each client is verified, and costs nothing once it has gone."""
    used = settings(tmp_path, MUTUAL)
    authority = Authority(tmp_path)
    client = authority.issue("client")
    authority.issue("server")
    context = trusting(tmp_path, client)
    context.maximum_version = version
    resumed: list[bool | None] = []
    kept: list[int] = []
    async with serving(used) as where:
        last: ssl.SSLSession | None = None
        for _ in range(4):
            again, last = await asyncio.to_thread(_asked, where, context, last)
            resumed.append(again)
            current = used.handshake()
            assert current is not None
            kept.append(current.context.session_stats()["number"])

    assert (resumed, kept) == ([False] * 4, [0] * 4)


def _asked(
    where: tuple[str, int], context: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[bool | None, ssl.SSLSession | None]:
    """Whether a request resumed the session, and the session to resume next."""
    with (
        socket.create_connection(where, timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=where[0], session=session) as secure,
    ):
        secure.sendall(HEALTHY)
        answer = b""
        while not answer.endswith(b"Healthy.\n"):
            answer += secure.recv(1000)
        resumed, offered = secure.session_reused, secure.session
        secure.unwrap()
        return resumed, offered


async def test_a_new_certificate_is_served_to_the_next_client(tmp_path: Path) -> None:
    """Without a restart; a bad one leaves the old one in place."""
    used = settings(tmp_path)
    async with serving(used) as where:
        assert await healthy(where, verify=trusting(tmp_path)) == 200
        (tmp_path / "server.key").write_text("half written")
        assert await healthy(where, verify=trusting(tmp_path)) == 200
        Authority(tmp_path).issue("server")  # another authority of the same name
        assert await healthy(where, verify=trusting(tmp_path)) == 200


@pytest.mark.parametrize(
    ("rest", "option", "accepted"),
    [
        ("", "-tls1_2", True),
        ("", "-tls1_3", True),
        ("", "-tls1_1", False),
        (", min_version: TLS13", "-tls1_2", False),
        (", max_version: TLS12", "-tls1_3", False),
        (", min_version: TLS10", "-tls1_1", True),
        (", cipher_suites: [TLS_AES_128_GCM_SHA256]", "-tls1_2", False),
        (", curve_preferences: [CurveP384]", "-groups P-256", False),
        (", curve_preferences: [CurveP384]", "-groups P-384", True),
        (MUTUAL, "-tls1_2", False),
    ],
)
async def test_openssl_s_client(tmp_path: Path, rest: str, option: str, accepted: bool) -> None:
    """What the handshake gives to another implementation of TLS."""
    need("openssl")
    async with serving(settings(tmp_path, rest)) as (host, port):
        command = (
            f"openssl s_client -connect {host}:{port} -CAfile {tmp_path / 'authority.pem'} "
            f"-verify_return_error -cipher DEFAULT:@SECLEVEL=0 {option}"
        )
        done = await asyncio.to_thread(
            subprocess.run, command.split(), input=b"", capture_output=True, timeout=60
        )

    assert accepted is (done.returncode == 0), done.stderr.decode()


async def curl(where: tuple[str, int], folder: Path, *arguments: str) -> tuple[int, str]:
    """Curl's exit code and the status that it got."""
    need("curl")
    command = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*")
    trust = ("--cacert", str(folder / "authority.pem"), "--max-time", "20")
    url = f"https://{where[0]}:{where[1]}/-/healthy"
    done = await asyncio.to_thread(
        subprocess.run,
        (*command, *trust, *arguments, url),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


async def test_curl_with_a_certificate_and_a_password(tmp_path: Path) -> None:
    """Both, or it is refused; what is refused says who refuses."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    used = settings(tmp_path, MUTUAL, f"basic_auth_users: {{alice: '{hashed}'}}")
    authority = Authority(tmp_path)
    client = authority.issue("client")
    authority.issue("server")
    certificate = ("--cert", str(client.certificate), "--key", str(client.key))
    async with serving(used) as where:
        got = {
            "both": await curl(where, tmp_path, *certificate, "-u", f"alice:{PASSWORD}"),
            "no password": await curl(where, tmp_path, *certificate),
            "wrong password": await curl(where, tmp_path, *certificate, "-u", "alice:no"),
            "nobody": await curl(where, tmp_path, *certificate, "-u", f"bob:{PASSWORD}"),
        }
        code, status = await curl(where, tmp_path, "-u", f"alice:{PASSWORD}")

    assert got == {
        "both": (0, "200"),
        "no password": (0, "401"),
        "wrong password": (0, "401"),
        "nobody": (0, "401"),
    }
    assert (code in (35, 52, 55, 56), status) == (True, "000")  # no certificate, no HTTP
