"""The image is built from a clone, and runs with nothing that it does not need."""

import json
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from exporter import __version__
from exporter.simulator import Simulator, serve
from tests.e2e.containers import (
    PROGRAMS,
    ROOT,
    Store,
    layer_files,
    seconds_since,
    source_tree,
)
from tests.e2e.programs import free_port, until
from tests.world.measurements import tell
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

SECRET = "dG9rZW46bmV2ZXItaW4tYS1sYXllcg=="
DECOYS = ("token", ".env", "deploy/token", "exporter.yaml", "deploy/kubernetes.secret")
OWN_MEGABYTES = 30
PYTHON = "/opt/ukc-certificate-exporter/bin/python"
CONFIGURATION = """
interval: 1s
accounts:
  - name: default
    token_file: /run/secrets/ukc/token
    metros:
      - {{name: fra0, url: '{url}'}}
"""


@pytest.fixture(scope="module")
def store(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Holds the image, built from a clone in which somebody left a token lying about."""
    need(*PROGRAMS)
    if os.geteuid() != 0 and not os.environ.get("CI"):
        pytest.skip("NOT CHECKED: this image is built as root")
    cache = pytestconfig.cache
    assert cache is not None
    store = Store(cache.mkdir("images"))
    start = time.monotonic()
    store.base()
    based = seconds_since(start)
    clone = source_tree(tmp_path_factory.mktemp("clone"))
    for name in DECOYS:
        (clone / name).write_text(SECRET)
    start = time.monotonic()
    store.build(clone, UKC_TOKEN=SECRET)
    megabytes, own = store.size() / 1e6, store.own_bytes() / 1e6
    tell(
        f"image: {megabytes:.0f} MB, {own:.0f} MB of it beyond its base; "
        f"base made in {based:.0f} s, image built in {seconds_since(start):.0f} s",
    )
    return store


@pytest.fixture(scope="module")
def saved(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image as a file."""
    archive = tmp_path_factory.mktemp("saved") / "image.tar"
    store.save(archive)
    yield archive
    archive.unlink()


class Container(NamedTuple):
    """A container that runs."""

    store: Store
    name: str
    http: httpx.AsyncClient

    async def metrics(self) -> str:
        """The page, once it shows a certificate."""

        async def look() -> str:
            return (await self.http.get("/metrics")).raise_for_status().text

        return await until(look, lambda page: "ukc_certificate_expiry_days{" in page)

    def python(self, program: str) -> str:
        """What a line of Python prints inside."""
        return self.store.podman("exec", self.name, PYTHON, "-c", program).strip()


@pytest.fixture
async def metro() -> AsyncIterator[str]:
    """The URL of a simulated metro."""
    async with serve(Simulator("mixture", metro="fra0", token=SECRET).app) as url:
        yield str(url)


@pytest.fixture(params=["demo", "serve"])
async def container(
    request: pytest.FixtureRequest, store: Store, metro: str, tmp_path: Path
) -> AsyncIterator[Container]:
    """`demo`, or `serve` of a mounted configuration; in both the shell is an empty file."""
    nothing, configuration, token = (tmp_path / n for n in ("nothing", "exporter.yaml", "token"))
    nothing.touch()
    configuration.write_text(CONFIGURATION.format(url=metro))
    token.write_text(SECRET)
    address = f"127.0.0.1:{free_port()}"
    options = [f"--volume={nothing}:/usr/bin/dash:ro"]
    arguments = [request.param, f"--web.listen-address={address}"]
    if request.param == "serve":
        options.append(f"--volume={configuration}:/etc/ukc-certificate-exporter/exporter.yaml:ro")
        options.append(f"--volume={token}:/run/secrets/ukc/token:ro")
        arguments.append("--config.file=/etc/ukc-certificate-exporter/exporter.yaml")
    name = f"ukc-certificate-exporter-{request.param}"
    store.remove(name)
    start = time.monotonic()
    store.start(name, *arguments, options=options)
    started = seconds_since(start)
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as http:
            await until(lambda: http.get("/-/ready"), lambda answer: answer.is_success)
            tell(
                f"{request.param}: ready {seconds_since(start):.1f} s after `podman run`, "
                f"which itself took {started:.1f} s",
            )
            yield Container(store, name, http)
    finally:
        store.remove(name)


async def test_runs_locked_down(container: Container) -> None:
    """Read-only, without capabilities, as a number, without a shell; and it ends well."""
    page = await container.metrics()
    user = container.python("import os; print(os.getuid(), os.getgid(), os.getgroups())")
    write = "import os; print(os.access('/', os.W_OK), os.statvfs('/').f_flag & os.ST_RDONLY)"

    assert re.search(
        rf'^ukc_exporter_build_info{{.*version="{re.escape(__version__)}"', page, re.MULTILINE
    )
    assert user.startswith("65532 65532 ")
    assert container.python(write) == "False 1"
    assert container.store.stop(container.name) == 0
    assert SECRET not in container.store.podman("logs", container.name)


def test_says_what_it_is(store: Store) -> None:
    """Its labels, and the little that it does."""
    image = store.inspect()
    labels = image["Labels"]
    config = image["Config"]
    program = "/opt/ukc-certificate-exporter/bin/ukc-certificate-exporter"

    assert __version__ == labels["org.opencontainers.image.version"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert ("65532:65532", [program], ["serve"]) == (
        config["User"],
        config["Entrypoint"],
        config["Cmd"],
    )
    assert {"10843/tcp"} == set(config["ExposedPorts"])


def test_is_small(store: Store) -> None:
    """What it adds to its base: the dependencies, the package and their bytecode."""
    assert store.own_bytes() < OWN_MEGABYTES * 1_000_000


def test_no_layer_holds_a_token_or_a_build_tool(saved: Path) -> None:
    """Neither what lay in the clone, nor what the builder's environment held."""
    names = set()
    for name, content in layer_files(saved):
        names.add(name)
        assert SECRET.encode() not in content, name

    ours = {name for name in names if name.startswith("opt/ukc-certificate-exporter/")}
    assert ours
    assert not [name for name in ours if "/site-packages/pip/" in name or "hatchling" in name]
    assert not [name for name in names if name.startswith(("src/", "build/", "dist/"))]


def test_carries_rules_dashboards_and_manifests(saved: Path) -> None:
    """Who has the image alone has the files that go with it, byte for byte."""
    share = "opt/ukc-certificate-exporter/share/ukc-certificate-exporter/"
    carried = {
        name.removeprefix(share): content
        for name, content in layer_files(saved)
        if name.startswith(share)
    }
    wanted = {
        *(f"alerts/{path.name}" for path in (ROOT / "alerts").iterdir()),
        *(str(path.relative_to(ROOT)) for path in (ROOT / "dashboards").glob("*.json")),
        *(str(p.relative_to(ROOT)) for p in (ROOT / "deploy/kubernetes").rglob("*.yaml")),
        "docs/runbook.md",
    }

    assert wanted <= set(carried)
    assert all((ROOT / name).read_bytes() == content for name, content in carried.items())


def test_history_tells_no_argument(saved: Path) -> None:
    """Arguments of the build stage stay in the build stage."""
    configs = [json.loads(c) for n, c in layer_files(saved) if n.endswith(".json") and "/" not in n]
    histories = [c["history"] for c in configs if isinstance(c, dict) and "history" in c]

    assert histories
    assert not [step for step in histories[0] if "PIP_CERT" in step.get("created_by", "")]
