"""The page for people, as a browser and a program get it."""

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest

from exporter.api.model import ServiceGroup
from exporter.errors import REASONS, PollError, Unauthorized
from exporter.exposition.render import Exposition
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key
from exporter.status.board import Board
from exporter.status.words import MENDS
from exporter.web import create_app
from exporter.web.status import View, status_page
from tests.world.boards import NOW, Loaded, board, polling
from tests.world.builders import DAY, certificate, snapshot

pytestmark = pytest.mark.anyio

HOSTILE = (
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "</title><h1>All is well</h1>",
    "javascript:alert(1)",
    "\u202emoc.elpmaxe\u2066",
    "a\x00\x1b[31mb\r\nc",
    "&lt;b&gt;",
    "\ud7ff\U000e0041\u200b",
    "x" * 1024,
    '"' * 1024,
)


async def get(
    shown: Board, path: str = "/", headers: Mapping[str, str] | None = None, metrics: str = "/m"
) -> httpx.Response:
    """The answer of an exporter with this board."""
    app = create_app(
        exposition=Exposition(stale_after=60),
        telemetry=Telemetry(),
        board=shown,
        ready=lambda: True,
        telemetry_path=metrics,
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        return await client.get(path, headers=headers)


class Document(HTMLParser):
    """The tags and attributes of a page, and whether every tag is closed."""

    VOID = ("meta", "input", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


EXPIRED = certificate(not_after=NOW - 3 * DAY)


async def test_the_page_tells_what_why_and_where_more_is_said() -> None:
    """The sentence, the certificate, its reason, the moment, and the links."""
    got = await get(board(snapshot(EXPIRED, taken_at=NOW - 12)))

    assert (got.status_code, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for part in (
        '<p class="summary critical"><strong>Critical.</strong> <bdi>1 metro read 12 s ago. ',
        '<span class="badge critical">Critical</span>',
        "<bdi>example.com</bdi>",
        "Expired 3 d ago. <a href=",
        "runbook.md#ukccertificateexpired",
        'title="2024-04-03 19:06:10 UTC">3 d ago</time>',
        "<bdi>young-monkey-uq6dxq0u</bdi>",
        "default</bdi> / <bdi>fra0",
        '<a href="./m">Metrics</a>',
        "warning 30d, critical 7d before expiry",
        "Version 0.1.0. Configuration loaded <time",
    ):
        assert part in got.text


async def test_the_accounts_of_certificates_are_told_apart() -> None:
    """Where there are several."""
    other = Key("other", "fra0")
    got = await get(board(snapshot(EXPIRED), snapshot(EXPIRED, key=other)))

    assert "<span><bdi>default</bdi>: <bdi>fra0</bdi></span>" in got.text
    assert "<span><bdi>other</bdi>: <bdi>fra0</bdi></span>" in got.text


async def test_it_runs_and_loads_nothing() -> None:
    """Its own style is allowed by its hash, and neither scripts nor frames are."""
    got = await get(board(snapshot(EXPIRED)))
    (style,) = re.findall("<style>(.*?)</style>", got.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert got.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert (got.headers["cache-control"], got.headers["vary"]) == ("no-store", "Accept")
    assert not {"script", "img", "iframe", "link", "object"} & set(Document(got.text).tags)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names(name: str) -> None:
    """Wherever they stand, they are text: no tag, no attribute, no character that controls."""
    key = Key(name[:100], name[:100])
    groups = (ServiceGroup("u", name),)
    hostile = certificate(
        name=name, common_name=name, state=name, service_groups=groups, not_after=None
    )
    failing = polling(key, error=Unauthorized(name), url=f"https://{name}")
    shown = board(snapshot(hostile, key=key), metros=(failing,), loaded=Loaded(refusal=name))
    got = await get(shown, f"/?q={quote(name, errors='replace')}")
    plain = Document((await get(board(snapshot(EXPIRED), metros=(polling(), failing)))).text)

    for page in (status_page(shown.status()), status_page(shown.everything(name)), got.text):
        document = Document(page)
        assert set(document.tags) <= {*plain.tags, "input"}
        assert document.attributes <= {*plain.attributes, "value"}
        assert all(link.startswith(("./", "https://github.com/")) for link in document.links)
        assert page.replace("\n", "").isprintable()


@pytest.mark.parametrize("reason", REASONS)
async def test_each_failure_is_told_with_its_mend(reason: str) -> None:
    """With the last message, and where the metro is."""
    (kind,) = (cls for cls in PollError.__subclasses__() if cls.reason == reason)
    got = await get(board(metros=(polling(error=kind("what <was> said")),)))

    assert f"<code>{reason}</code>: <bdi>what &lt;was&gt; said</bdi>" in got.text
    assert MENDS[reason].replace("'", "&#x27;") in got.text
    assert '<span class="badge critical">Down</span>' in got.text
    assert "<bdi>https://api.fra0.kraft.cloud</bdi>" in got.text
    assert ">in 48 s</time>" in got.text


async def test_a_search_keeps_to_itself() -> None:
    """What was searched for stays in the field, and in the link to the data."""
    got = await get(board(snapshot(certificate())), "/?q=exam%22ple")

    assert 'name="q" maxlength="253" value="exam&quot;ple"' in got.text
    assert "No domain or name holds this text." in got.text
    assert 'href="./?q=exam%22ple&amp;format=json"' in got.text
    assert "1 certificate found" in (await get(board(snapshot(certificate())), "/?q=EXAM")).text


@pytest.mark.parametrize(
    ("path", "refresh", "link"),
    [
        ("/", "60", '<a href="./?reload=off">Stop reloading</a>'),
        ("/?q=a", "60", '<a href="./?q=a&amp;reload=off">Stop reloading</a>'),
        ("/?q=a&reload=off", None, '<a href="./?q=a">Reload again</a>'),
    ],
)
async def test_it_reloads_each_interval(path: str, refresh: str | None, link: str) -> None:
    """Until it is told to stop; the search stays."""
    got = await get(board(snapshot(certificate())), path)

    assert (got.headers.get("refresh"), link in got.text) == (refresh, True)
    assert ('<input type="hidden" name="reload" value="off">' in got.text) is (refresh is None)


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [
        ("/?format=json", "text/html", "application/json"),
        ("/", "application/json", "application/json"),
        ("/", "text/html;q=0.5, application/json", "application/json"),
        ("/", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("/", "*/*", "text/html; charset=utf-8"),
        ("/?format=xml", "", "text/html; charset=utf-8"),
    ],
)
async def test_the_same_as_data(path: str, accept: str, expected: str) -> None:
    """For programs that ask for it."""
    got = await get(board(snapshot(EXPIRED)), path, {"Accept": accept})

    assert got.headers["content-type"] == expected
    if expected == "application/json":
        assert got.json()["certificates"][0]["common_name"] == "example.com"


def test_it_is_bounded() -> None:
    """200 kB at most, however many metros and however long their names; the rest is counted."""
    groups = tuple(ServiceGroup(str(n), '"' * 1024) for n in range(50))
    many = [
        certificate(
            uuid=str(n),
            name='"' * 1000 + str(n),
            common_name="&" * 1000 + str(n),
            not_after=NOW - n,
            service_groups=groups,
        )
        for n in range(300)
    ]
    keys = [Key('"' * 100, "&" * 90 + str(n)) for n in range(150)]
    metros = [polling(key, error=Unauthorized('"' * 300)) for key in keys]
    page = status_page(board(snapshot(*many, key=keys[0]), metros=metros).status(), View())

    assert len(page.encode()) < 200_000
    assert "certificates more: search finds them." in page
    assert "metros more." in page
