"""The page in a real browser: layout, keyboard, policy, and what an accessibility checker says."""

import contextlib
import shutil
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from docs.pictures.worlds import DEMO, FAILING, World, served
from exporter.api.model import ServiceGroup
from exporter.errors import Unauthorized
from exporter.exposition.render import Exposition
from exporter.exposition.telemetry import Telemetry
from exporter.polling.snapshot import Key
from exporter.simulator import serve
from exporter.web import create_app
from tests.world.boards import NOW, board, polling
from tests.world.browser import PROGRAM, Scheme, Tab, browser
from tests.world.builders import certificate, snapshot
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

AXE = "axe-core@4.14.1"
WIDTHS = [(390, 1.0), (768, 1.0), (1440, 1.0), (1440, 2.0)]
HOSTILE = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>\u202e'


@contextlib.asynccontextmanager
async def hostile() -> AsyncIterator[str]:
    """The URL of a page on which every name is hostile, and long."""
    key = Key(HOSTILE, HOSTILE)
    names = (HOSTILE, "x" * 1024, "a.very-long-label-" * 14)
    certificates = [
        certificate(
            uuid=name,
            name=name,
            common_name=name,
            not_after=NOW - 1,
            service_groups=(ServiceGroup("u", name),),
        )
        for name in names
    ]
    metros = (polling(key, error=Unauthorized(HOSTILE), url="https://" + "y" * 300),)
    app = create_app(
        exposition=Exposition(stale_after=60),
        telemetry=Telemetry(),
        board=board(snapshot(*certificates, key=key), metros=metros),
        ready=lambda: True,
    )
    async with serve(app) as url:
        yield str(url)


@contextlib.asynccontextmanager
async def opened(world: World | None, path: str = "/") -> AsyncIterator[tuple[Tab, str]]:
    """A tab that shows a page of this world, or of hostile names."""
    need(PROGRAM)
    async with browser() as driven, served(world) if world else hostile() as url:
        tab = await driven.tab()
        await tab.look(1440)
        await tab.open(f"{url}{path}")
        yield tab, url


@pytest.mark.parametrize("world", [DEMO, FAILING, None], ids=["demo", "failing", "hostile"])
async def test_it_fits(world: World | None) -> None:
    """Nothing is cut off or scrolls sideways, on a phone and enlarged; the browser is content."""
    async with opened(world) as (tab, _):
        widths = []
        for width, zoom in WIDTHS:
            await tab.look(width, zoom=zoom)
            widths.append(await tab.evaluate("document.documentElement.scrollWidth") * zoom)

        assert [width for width, _ in WIDTHS] == widths
        assert tab.complaints == []


async def test_hostile_names_do_nothing() -> None:
    """No element comes of them, and the policy would refuse what did."""
    async with opened(None) as (tab, _):
        assert await tab.evaluate("document.title") == "Critical. Unikraft Cloud certificates"
        assert await tab.evaluate("document.querySelectorAll('script, img').length") == 0
        refused = (
            "new Promise(done => {"
            "addEventListener('securitypolicyviolation', e => done(e.blockedURI));"
            "document.body.append(Object.assign(document.createElement('img'), {src: '/x'})); })"
        )
        assert (await tab.evaluate(refused)).endswith("/x")


async def test_the_keyboard_and_the_search() -> None:
    """Everything is reached with Tab, the focus is seen, and Enter searches."""
    async with opened(FAILING, "/?reload=off") as (tab, url):
        reached = []
        for _ in range(5):
            await tab.press("Tab")
            reached.append(await tab.evaluate("document.activeElement.innerText || 'the field'"))
            assert await tab.evaluate("getComputedStyle(document.activeElement).outlineWidth") in (
                "3px",
                "2px",
            )
        await tab.evaluate("document.querySelector('#q').value = 'cdn'")
        await tab.evaluate("document.querySelector('#q').focus()")
        await tab.press_and_load("Enter")

        assert reached == ["Runbook", "Runbook", "Runbook", "the field", "Search"]
        assert await tab.evaluate("location.href") == f"{url}/?reload=off&q=cdn"
        assert await tab.evaluate("document.querySelector('#certificates').innerText") == (
            "1 certificate found"
        )


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm."""
    need(PROGRAM, "npm")
    folder: Path = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm") or "npm"
    done = subprocess.run(
        [npm, "pack", AXE], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        pytest.skip(f"NOT CHECKED: {AXE} cannot be had from npm: {done.stderr[-200:]}")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        member = packed.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("world", [DEMO, FAILING, None], ids=["demo", "failing", "hostile"])
async def test_no_barrier(world: World | None, width: int, scheme: Scheme, axe: str) -> None:
    """axe-core finds no violation of WCAG or of good practice."""
    async with opened(world) as (tab, url):
        await tab.look(width, scheme=scheme)
        for path in ("/", "/?q=example&reload=off", "/?q=nothing-of-it"):
            await tab.open(f"{url}{path}")
            await tab.evaluate(f"{axe};0")
            violations = await tab.evaluate("axe.run().then(r => r.violations.map(v => v.id))")

            assert violations == []


async def test_a_barrier_is_found(axe: str) -> None:
    """The checker does check: a page that does not say its language is one."""
    async with opened(DEMO) as (tab, _):
        await tab.evaluate("document.documentElement.removeAttribute('lang')")
        await tab.evaluate(f"{axe};0")
        violations = await tab.evaluate("axe.run().then(r => r.violations.map(v => v.id))")

        assert violations == ["html-has-lang"]
