"""One metro of three goes wrong in every way, over real sockets, and heals."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from exporter import service
from exporter.config import Account, Authorities, Configuration, Metro, Token, TokenVariable
from exporter.polling.poller import JITTER
from tests.e2e.programs import free_port
from tests.faults.cases import CASES, LIMIT, Case
from tests.world.api import ScriptedApi, http
from tests.world.authority import DAY, Authority, Files
from tests.world.builders import body, item
from tests.world.leaks import MARK

pytestmark = pytest.mark.anyio

TOKEN = f"bWF0cml4{MARK}="
INTERVAL = 60.0
NAMES = ("fra0", "dal0", "sin0")
HOST = "api.dal0.test"

KNOWN: set[str] = set()
"""The names that the resolver knows now."""


class _Loop(asyncio.SelectorEventLoop):
    """A world in which names under `.test` lead to this machine, or are not known."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(".test"):
            if name not in KNOWN:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return await super().getaddrinfo(host, port, **options)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop of this world."""
    return "asyncio", {"loop_factory": _Loop}


class Trust:
    """What the metro's server may show, right or wrong."""

    def __init__(self, folder: Path) -> None:
        authority = Authority(folder)
        self.authorities = Authorities(authority.file, authority.file.read_text())
        expired = authority.issue("expired", HOST, ends=-DAY)
        foreign = Authority(folder, "foreign").issue("unknown", HOST)
        self.fine = _context(authority.issue("fine", HOST))
        self.wrong: dict[str, ssl.SSLContext | None] = {
            "expired": _context(expired),
            "wrong host": _context(authority.issue("wrong", "api.fra0.test")),
            "unknown authority": _context(foreign),
            "no tls": None,
            "dns": self.fine,
        }


def _context(files: Files) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    """One authority for the whole table."""
    return Trust(tmp_path_factory.mktemp("trust"))


def whole(name: str) -> bytes:
    """A good answer with two certificates."""
    return http(200, body(item(uuid="1", name=name), item(uuid="2", name="another")))


class Page:
    """A page, parsed."""

    def __init__(self, text: str) -> None:
        families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples = {
            sample.name: family.samples for family in families.values() for sample in family.samples
        }

    def values(self, name: str, label: str, metro: str = "dal0") -> dict[str, float]:
        """The values of one metro's samples that are not zero, by one label."""
        found = {
            s.labels[label]: s.value for s in self._samples[name] if s.labels["metro"] == metro
        }
        return {value: number for value, number in found.items() if number}

    def certificates(self, *metros: str) -> set[tuple[str, ...]]:
        """All that is said of these metros' certificates, but for what counts the days."""
        return {
            (name, *sorted(f"{k}={v}" for k, v in sample.labels.items()), str(sample.value))
            for name, samples in self._samples.items()
            if name.startswith("ukc_certificate_") and name != "ukc_certificate_expiry_days"
            for sample in samples
            if sample.labels["metro"] in metros
        }


async def scraped(client: httpx.AsyncClient) -> Page:
    """The page in text format, after both formats were parsed."""
    openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert list(openmetrics_families(openmetrics.text))  # type: ignore[no-untyped-call]
    return Page((await client.get("/metrics")).text)


class World:
    """Three metros, and the exporter that polls them."""

    def __init__(self, graph: service.Graph, client: httpx.AsyncClient) -> None:
        self._graph = graph
        self._client = client

    async def looked(self) -> tuple[float, Page]:
        """Every metro polled once; the wait before the next poll of `dal0`, and the page."""
        waits = await asyncio.gather(*(poller.poll() for poller in self._graph.pollers))
        return waits[1], await scraped(self._client)


@contextlib.asynccontextmanager
async def world(dallas: str, authorities: Authorities | None, case: Case) -> AsyncIterator[World]:
    """An exporter of a metro at this URL, between two that are well."""
    good = ScriptedApi(whole("good"))
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(good.serving()) for _ in range(2)]
        metros = (
            Metro("fra0", urls[0]),
            Metro("dal0", dallas, authorities),
            Metro("sin0", urls[1]),
        )
        source = TokenVariable("UKC_TOKEN", Token(TOKEN))
        configuration = Configuration(
            (Account("default", source, metros),),
            interval=INTERVAL,
            # Only where it is waited for, so that a busy machine fails nothing else.
            timeout=1.0 if case.reason == "timeout" else 20.0,
            max_response_bytes=LIMIT,
        )
        graph = await stack.enter_async_context(service.build(configuration))
        transport = httpx.ASGITransport(graph.app("/metrics"))
        client = httpx.AsyncClient(transport=transport, base_url="http://exporter")
        yield World(graph, await stack.enter_async_context(client))


def _with_port(answer: object, port: str) -> Any:
    return answer.replace(b"{elsewhere}", port.encode()) if isinstance(answer, bytes) else answer


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES if not c.listening])
async def test_answers(case: Case) -> None:
    """The page parses, the others are whole, the reason is counted, and the metro heals."""
    api, elsewhere = ScriptedApi(whole("before")), ScriptedApi(http(200))
    async with (
        api.serving() as url,
        elsewhere.serving() as other,
        world(url, None, case) as exporter,
    ):
        before = (await exporter.looked())[1]
        api.answers = [_with_port(case.answer, other.rpartition(":")[2])]
        wait, during = await exporter.looked()
        api.answers = [whole("after")]
        after = (await exporter.looked())[1]

    expect(case, wait, before, during, after)
    assert elsewhere.received == []


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES if c.listening])
async def test_listening(case: Case, trust: Trust) -> None:
    """The same, where no answer comes at all."""
    port = free_port()
    KNOWN.add(HOST)
    async with world(f"https://{HOST}:{port}", trust.authorities, case) as exporter:
        async with ScriptedApi(whole("before")).serving(port=port, tls=trust.fine):
            before = (await exporter.looked())[1]
        async with contextlib.AsyncExitStack() as stack:
            if case.listening == "dns":
                KNOWN.discard(HOST)
            if case.listening != "refused":
                tls = trust.wrong[case.listening or ""]
                # Without TLS it speaks first: a client's hello would be no request to wait for.
                api = ScriptedApi(
                    whole("wrong"), greeting=b"" if tls else b"HTTP/1.1 400 No\r\n\r\n"
                )
                await stack.enter_async_context(api.serving(port=port, tls=tls))
            wait, during = await exporter.looked()
        KNOWN.add(HOST)
        async with ScriptedApi(whole("after")).serving(port=port, tls=trust.fine):
            after = (await exporter.looked())[1]

    expect(case, wait, before, during, after)


def expect(case: Case, wait: float, before: Page, during: Page, after: Page) -> None:
    """What has to be so in every case."""
    others = ("fra0", "sin0")
    failures = {case.reason: 1.0} if case.reason else {}
    names = set(during.values("ukc_certificate_info", "name"))

    # The others are whole.
    assert (
        before.certificates(*others) == during.certificates(*others) == after.certificates(*others)
    )
    assert [during.values("ukc_up", "metro", metro) for metro in others] == [
        {metro: 1.0} for metro in others
    ]
    # The reason is counted, and no other.
    assert failures == during.values("ukc_poll_failures_total", "reason")
    assert case.skipped == during.values("ukc_certificates_skipped", "reason")
    assert during.values("ukc_up", "metro") == ({} if case.reason else {"dal0": 1.0})
    if case.reason:
        assert before.certificates("dal0") == during.certificates("dal0")
    else:
        assert (case.served, "neighbour" in names) == (len(names), True)
    # The next poll comes within one interval, or when the API asks for it, and all is well.
    assert wait <= max(INTERVAL * (1 + JITTER), case.retry_after)
    assert after.values("ukc_up", "metro") == {"dal0": 1.0}
    assert set(after.values("ukc_certificate_info", "name")) == {"after", "another"}
    assert after.values("ukc_certificates_skipped", "reason") == {}
    assert failures == after.values("ukc_poll_failures_total", "reason")
