"""The ASGI application, asked as a client asks."""

import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition.render import Exposition, render
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import MetroSnapshot
from exporter.web import create_app
from tests.world.boards import board
from tests.world.builders import NOT_AFTER, certificate, snapshot

pytestmark = pytest.mark.anyio

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@contextlib.asynccontextmanager
async def web(
    *snapshots: MetroSnapshot,
    ready: bool = True,
    path: str = "/metrics",
    reload: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application that shows these looks."""
    telemetry = Telemetry()
    exposition = Exposition(stale_after=3600, clock=lambda: 0)
    for looked in snapshots:
        exposition.publish(render(looked, None, now=NOT_AFTER))
    app = create_app(
        exposition=exposition,
        telemetry=telemetry,
        board=board(*snapshots, now=NOT_AFTER),
        ready=lambda: ready,
        telemetry_path=path,
        reload=reload,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        yield client


LOOK = snapshot(certificate(), taken_at=NOT_AFTER - 60)


@pytest.mark.parametrize(
    ("accept", "coding", "want"),
    [
        ("", "identity", (TEXT, None)),
        ("", "gzip", (TEXT, "gzip")),
        ("application/openmetrics-text", "identity", (OPENMETRICS, None)),
        ("application/openmetrics-text", "gzip", (OPENMETRICS, "gzip")),
        ("\xff;;=,\x01", "gzip;q=0", (TEXT, None)),
    ],
)
async def test_metrics(accept: str, coding: str, want: tuple[str, str | None]) -> None:
    """The same samples in every format and content encoding."""
    async with web(LOOK) as client:
        headers = {b"Accept": accept.encode("latin-1"), b"Accept-Encoding": coding.encode()}
        got = await client.get("/metrics", headers=headers)

    assert got.status_code == 200
    assert (got.headers["content-type"], got.headers.get("content-encoding")) == want
    assert 'ukc_certificate_validation_attempts{account="default",metro="fra0",' in got.text
    assert got.text.endswith("# EOF\n") is (want[0] == OPENMETRICS)
    assert "ukc_exporter_build_info" in got.text
    assert got.headers["vary"] == "Accept, Accept-Encoding"


async def test_the_page_says_how_long_it_is() -> None:
    """In either encoding, and HEAD says the same without a body."""
    async with web(LOOK) as client:
        for coding in ("gzip", "identity"):
            request = client.build_request("GET", "/metrics", headers={"Accept-Encoding": coding})
            answer = await client.send(request, stream=True)
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
            plain = gzip.decompress(raw) if coding == "gzip" else raw

            assert len(raw) == int(answer.headers["content-length"])
            assert list(text_string_to_metric_families(plain.decode()))
        head = await client.head("/metrics", headers={"Accept-Encoding": "identity"})

    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 1000


@pytest.mark.parametrize(
    ("method", "path", "ready", "want"),
    [
        ("GET", "/-/healthy", False, (200, "Healthy.\n")),
        ("GET", "/-/ready", True, (200, "Ready.\n")),
        ("GET", "/-/ready", False, (503, "Not every metro has been tried yet.\n")),
        ("GET", "/nothing", True, (404, "Not Found")),
        ("GET", "/metrics/", True, (404, "Not Found")),
        ("POST", "/metrics", True, (405, "Method Not Allowed")),
        ("DELETE", "/", True, (405, "Method Not Allowed")),
        ("POST", "/-/reload", True, (403, "The lifecycle API is not enabled.\n")),
        ("GET", "/-/reload", True, (405, "Method Not Allowed")),
        ("GET", "/metrics%0a", True, (404, "Not Found")),
        ("GET", "/%0a", True, (404, "Not Found")),
        ("GET", "/-/healthy%0a", True, (404, "Not Found")),
        ("GET", "/-/ready%0a", True, (404, "Not Found")),
        ("POST", "/-/reload%0a", True, (404, "Not Found")),
    ],
)
async def test_other_paths(method: str, path: str, ready: bool, want: tuple[int, str]) -> None:
    """Only documented paths and methods answer."""
    async with web(ready=ready) as client:
        got = await client.request(method, path)

    assert (got.status_code, got.text) == want


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        pytest.param({}, 200, id="no browser"),
        pytest.param({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200, id="its own page"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="the address bar"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="another origin of the site"),
        pytest.param({"Sec-Fetch-Site": ""}, 403, id="no site"),
        pytest.param({"Origin": "http://exporter"}, 200, id="its own origin"),
        pytest.param({"Origin": "http://exporter:8080"}, 403, id="another port"),
        pytest.param({"Origin": "https://example.com"}, 403, id="another origin"),
        pytest.param({"Origin": "null"}, 403, id="a hidden origin"),
        pytest.param({"Origin": "http://[exporter"}, 403, id="no origin"),
    ],
)
async def test_no_other_site_reloads(headers: dict[str, str], want: int) -> None:
    """By what browsers send; what is refused is not done."""
    done: list[int] = []

    async def reload() -> None:
        done.append(1)

    async with web(reload=reload) as client:
        got = await client.post("/-/reload", headers=headers)

    assert (got.status_code, bool(done)) == (want, want == 200)


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        (
            [("Accept", "text/plain;q=0.5"), ("Accept", "application/openmetrics-text")],
            (OPENMETRICS, None),
        ),
        ([("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")], (TEXT, "gzip")),
    ],
)
async def test_a_list_on_several_lines(
    headers: list[tuple[str, str]], want: tuple[str, str | None]
) -> None:
    """Is one list (RFC 9110, section 5.3)."""
    async with web(LOOK) as client:
        client.headers.clear()
        got = await client.get("/metrics", headers=headers)

    assert (got.headers["content-type"], got.headers.get("content-encoding")) == want


async def test_metrics_may_take_the_root() -> None:
    """The page for people then gives way."""
    async with web(LOOK, path="/") as client:
        got = await client.get("/")

    assert "ukc_certificate_info" in got.text
