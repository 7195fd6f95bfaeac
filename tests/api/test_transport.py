"""How an API is reached: proxies, private authorities, redirects, IPv6, the budget."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from pathlib import Path

import certifi
import httpx
import pytest
import structlog.testing

from exporter import service
from exporter.api.transport import Budget, Trust, connections
from exporter.config import Account, Configuration, Metro, Shard, Token, TokenVariable
from exporter.config import file as config
from exporter.errors import ConfigurationError
from exporter.simulator import Simulator, serve
from tests.world.api import ScriptedApi, http
from tests.world.authority import Authority
from tests.world.builders import body, item
from tests.world.leaks import MARK
from tests.world.processes import run

pytestmark = pytest.mark.anyio

TOKEN = f"dHJhbnNwb3J0{MARK}="


def configuration(*metros: Metro, **overrides: object) -> Configuration:
    account = Account("default", TokenVariable("UKC_TOKEN", Token(TOKEN)), metros)
    return Configuration((account,), **{"timeout": 5.0, **overrides})  # type: ignore[arg-type]


async def test_ipv6() -> None:
    """An address in brackets, as in any URL."""
    simulator = Simulator("healthy", token=TOKEN)
    async with serve(simulator.app, "::1") as url:
        page, failed = await service.once(configuration(Metro("fra0", str(url))))

    assert (failed, b'ukc_up{account="default",metro="fra0"} 1.0' in page) == ((), True)


@pytest.mark.parametrize(("trusted", "want"), [(True, 0), (False, 1)])
async def test_a_private_authority(tmp_path: Path, trusted: bool, want: int) -> None:
    """`ca_file` names it; without it the metro's TLS is not acceptable."""
    authority = Authority(tmp_path)
    server = authority.issue("server")
    simulator = Simulator("healthy", token=TOKEN)
    file = tmp_path / "exporter.yaml"
    files = {"certfile": str(server.certificate), "keyfile": str(server.key)}
    async with serve(simulator.app, **files) as url:  # type: ignore[arg-type]
        entry = f"{{name: a, token_env: UKC_TOKEN, metros: ['{url}']}}"
        file.write_text(f"accounts: [{entry}]\n" + ("ca_file: authority.pem" if trusted else ""))
        done = await run("once", f"--config.file={file}", variables={"UKC_TOKEN": TOKEN})

    assert want == done.code
    assert ('reason="tls"} 1.0' in done.out) is not trusted


@pytest.mark.parametrize("by", ["proxy_url", "environment"])
async def test_proxies(tmp_path: Path, by: str) -> None:
    """A metro elsewhere is reached through the proxy, a loopback one never is."""
    proxy = ScriptedApi(http(200, body(item(name="through"))))
    direct = ScriptedApi(http(200, body(item(name="direct"))))
    async with proxy.serving() as through, direct.serving() as url:
        metros = (
            f"{{name: a, url: 'http://api.test', allow_insecure: true}}, {{name: b, url: '{url}'}}"
        )
        file = tmp_path / "exporter.yaml"
        accounts = f"accounts: [{{name: x, token_env: UKC_TOKEN, metros: [{metros}]}}]\n"
        file.write_text(accounts + (f"proxy_url: {through}" if by == "proxy_url" else ""))
        variables = {"UKC_TOKEN": TOKEN}
        if by == "environment":
            variables["HTTP_PROXY"] = through
        done = await run("once", f"--config.file={file}", variables=variables)

    assert ('name="through"' in done.out, 'name="direct"' in done.out) == (True, True)
    assert [r.line for r in proxy.received] == ["GET http://api.test/v1/certificates HTTP/1.1"]


def test_the_authorities_are_those_of_the_system() -> None:
    """OpenSSL's, not a list that a library brings along."""
    system = ssl.create_default_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: "/none/cacert.pem")
        context = Trust().context(None)

    assert {repr(ca) for ca in context.get_ca_certs()} == {repr(ca) for ca in system.get_ca_certs()}
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_https_through_a_proxy_is_a_tunnel(tmp_path: Path) -> None:
    """The proxy sees a name, and never the token."""
    proxy = ScriptedApi(http(403))
    async with proxy.serving() as through:
        metro = Metro("fra0", "https://api.test")
        _, failed = await service.once(configuration(metro, proxy_url=through))

    assert (len(failed), proxy.received[0].line) == (1, "CONNECT api.test:443 HTTP/1.1")
    assert TOKEN not in str(proxy.received)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """Neither to another host nor to the same; the log says where it leads."""
    elsewhere = ScriptedApi(http(200, body(item())))
    async with elsewhere.serving() as url:
        here = ScriptedApi(http(status, Location=f"{url}/v1/certificates?token={TOKEN}"))
        async with here.serving() as first:
            with structlog.testing.capture_logs() as logs:
                page, failed = await service.once(configuration(Metro("fra0", first)))
    error = next(event["error"] for event in logs if event["event"] == "poll failed")

    assert (len(failed), elsewhere.received, len(here.received)) == (1, [], 1)
    assert b'metro="fra0",reason="other"} 1.0' in page
    assert f"the API answered {status}" in error
    assert f"{url}/v1/certificates?token=[token]" in error


async def test_a_redirect_to_nowhere() -> None:
    """It fails as any other."""
    async with ScriptedApi(http(308)).serving() as url:
        page, failed = await service.once(configuration(Metro("fra0", url)))

    assert len(failed) == 1
    assert b'metro="fra0",reason="other"} 1.0' in page


@pytest.mark.parametrize(
    ("interval", "fetch", "connections"), [(60, "bulk", 2), (45, "bulk", 1), (60, "batched", 1)]
)
async def test_idle_connections(interval: float, fetch: str, connections: int) -> None:
    """A connection is kept between polls only where no load balancer has forgotten it by then."""
    api = ScriptedApi(http(200, body()))
    async with api.serving() as url:
        settings = configuration(Metro("fra0", url), interval=interval, fetch=fetch)
        async with service.build(settings) as graph:
            for _ in range(2):
                await graph.pollers[0].poll()

    assert (len(api.received), api.connections) == (2, connections)


@pytest.mark.parametrize("ending", ["closes", "resets"])
async def test_a_balancer_that_ends_idle_connections(ending: str) -> None:
    """It costs a connection, and no poll; here it waits for as long as the test does."""
    idle, ended = asyncio.Event(), asyncio.Event()

    async def answer_and_end(writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, body(item())))
        await writer.drain()
        await idle.wait()
        if ending == "resets":
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()
        ended.set()

    api = ScriptedApi(answer_and_end, http(200, body(item())))
    async with api.serving() as url:
        async with service.build(configuration(Metro("fra", url), interval=45)) as graph:
            await graph.pollers[0].poll()
            idle.set()
            await ended.wait()
            await graph.pollers[0].poll()
            page = graph.telemetry.exposition(openmetrics=False)

    assert (len(api.received), api.connections) == (2, 2)
    assert b'ukc_polls_total{account="default",metro="fra"} 2.0' in page
    assert not re.search(rb"^ukc_poll_failures_total{.*} [^0]", page, re.MULTILINE)


async def test_no_cookie_is_kept() -> None:
    """Whatever an answer sets, the next request is as the first."""
    api = ScriptedApi(http(200, body(item()), Set_Cookie="session=1; Path=/"))
    async with api.serving() as url:
        async with service.build(configuration(Metro("fra0", url))) as graph:
            for _ in range(2):
                await graph.pollers[0].poll()

    assert api.received[0] == api.received[1]
    assert "cookie" not in api.received[1].headers


@pytest.mark.parametrize(
    "url",
    [
        "socks://u:secret@h:1",
        "socks5://u:secret@h:1",
        "http://u:secret@h:port",
        "http://u:secret@[::1",
        "http://u:secret@h\x01",
        "://u:secret@h",
        "u:secret@h:port",
        "http://u:secret@",
        "https://u:secret@",
    ],
)
async def test_a_proxy_that_cannot_be_used_costs_polls_and_no_start(url: str) -> None:
    """The metro is not reached past it either; the message names the variable, no password."""
    metro = Metro("fra0", "https://api.test")
    async with connections(
        metro, configuration(metro), Trust(), {"ALL_PROXY": url, "UKC_TOKEN": TOKEN}
    ) as http:
        with pytest.raises(httpx.ProxyError, match="environment: ALL_PROXY: expected") as failed:
            await http.get("/v1/certificates")

    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("variables", "metro", "want"),
    [
        ({"SSL_CERT_FILE": "/none.pem"}, "fra0", "SSL_CERT_DIR or SSLKEYLOGFILE: expected files"),
        ({"SSL_CERT_FILE": __file__}, "fra0", "environment: SSL_CERT_FILE, "),
        ({"SSLKEYLOGFILE": "/none/keys"}, "fra0", "No such file or directory"),
        ({}, "https://xn--ls8h.example", "https://xn--ls8h.example: expected the URL of a host"),
    ],
)
async def test_what_only_the_connections_show(
    variables: dict[str, str], metro: str, want: str
) -> None:
    """Exit 2 before a port is bound: this one is taken, and that is not even noticed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = await run(
            f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}",
            variables={"UKC_TOKEN": TOKEN, "UKC_METRO": metro, **variables},
        )

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert want in done.err


@pytest.mark.parametrize(
    ("rest", "want"),
    [
        ("proxy_url: 'ftp://proxy'", "expected a proxy's URL"),
        ("proxy_url: 'http://'", "expected a proxy's URL"),
        ("proxy_url: 'http://h:port'", "expected a proxy's URL"),
        ("proxy_url: 'http://h/path'", "expected a proxy's URL"),
        ("proxy_url: 'http://[::1]evil'", "expected a proxy's URL"),
        ("proxy_url: 'http://u:secret@h'", "HTTPS_PROXY may have them"),
        ("ca_file: none.pem", "none.pem: No such file"),
        ("ca_file: junk.pem", "junk.pem, which has none - at `$.ca_file`"),
        ("ca_file: empty.pem", "empty.pem, which has none"),
        ("ca_file: .", "Is a directory"),
    ],
)
def test_outbound_settings_that_cannot_be(tmp_path: Path, rest: str, want: str) -> None:
    """Known before the start, and no secret is repeated."""
    (tmp_path / "junk.pem").write_text("junk")
    (tmp_path / "empty.pem").write_text("")
    text = f"accounts: [{{name: a, token_env: T, metros: [fra0]}}]\n{rest}"
    with pytest.raises(ConfigurationError) as refused:
        config.parse(text.encode(), tmp_path / "f.yaml", {"T": TOKEN})

    assert want in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("interval", "fetch", "shards", "limit", "fine"),
    [
        ("60s", "bulk", 1, 2, True),
        ("60s", "bulk", 1, 1, False),
        ("30s", "bulk", 1, 4, True),
        ("30s", "bulk", 1, 3, False),
        ("60s", "batched", 1, 4, True),
        ("60s", "batched", 1, 3, False),
        ("60s", "bulk", 2, 4, True),
        ("60s", "bulk", 2, 3, False),
        ("30m", "bulk", 1, 1, True),
    ],
)
def test_a_budget_has_room_for_the_polls(
    interval: str, fetch: str, shards: int, limit: int, fine: bool
) -> None:
    """A smaller one would be a configuration that can never be kept; a shard fetches in batches."""
    entry = f"{{name: a, token_env: T, metros: [fra0, dal0], max_requests_per_minute: {limit}}}"
    text = f"interval: {interval}\nfetch: {fetch}\naccounts: [{entry}]"
    with contextlib.ExitStack() as stack:
        if not fine:
            stack.enter_context(pytest.raises(ConfigurationError, match="expected at least"))
        config.parse(text.encode(), Path("f.yaml"), {"T": TOKEN}, Shard(0, shards))


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds


async def test_the_budget_is_kept_in_every_minute() -> None:
    """Whoever is over it waits until the oldest request is a minute old."""
    clock = Clock()
    budget = Budget(3, clock=clock, sleep=clock.sleep)
    spent: list[float] = []

    async def spend() -> None:
        await budget.spend()
        spent.append(clock.now)

    await asyncio.gather(*(spend() for _ in range(4)))
    clock.now = 90
    await asyncio.gather(*(spend() for _ in range(4)))

    assert spent == [0, 0, 0, 60, 90, 90, 120, 150]


async def test_the_metros_of_an_account_share_its_budget() -> None:
    """A metro whose turn does not come within its poll fails as one that was too slow."""
    api = ScriptedApi(http(200, body(item())))
    async with api.serving() as url:
        metros = tuple(Metro(name, url) for name in ("a", "b", "c"))
        settings = configuration(*metros, interval=2.0, timeout=2.0)
        account = settings.accounts[0]._replace(max_requests_per_minute=2)
        page, failed = await service.once(settings._replace(accounts=(account,)))

    assert (len(api.received), len(failed)) == (2, 1)
    assert page.count(b'reason="timeout"} 1.0') == 1
