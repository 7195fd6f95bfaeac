"""Real programs on loopback, started and stopped by the test that needs them."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

SECONDS = 60.0
"""How long anything may take before a test gives up: a bound, not an expectation."""

T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on now.

    It lies below those that Linux gives to connections and to listeners without a choice, so that
    none of the tests beside this one is given it before it is listened on.
    """
    while True:
        port = secrets.choice(range(15_000, 32_768))
        with socket.socket() as unused, contextlib.suppress(OSError):
            unused.bind(("127.0.0.1", port))
            return port


async def until(look: Callable[[], Awaitable[T]], wanted: Callable[[T], object]) -> T:
    """Look again and again until what is seen is wanted; the last look is told otherwise."""
    seen: Any = None
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    seen = await look()
                    if wanted(seen):
                        return seen  # type: ignore[no-any-return]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not seen within {SECONDS:g} s; last: {seen!r}") from None


@contextlib.asynccontextmanager
async def program(*command: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program whose output goes to a file in the folder; it is ended with the context."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


class Prometheus:
    """A Prometheus to ask."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """The values of an instant query by label values; name, job and instance left out."""
        answer = await self._http.get("/api/v1/query", params={"query": expression})
        answer.raise_for_status()
        return {
            tuple(
                value
                for label, value in sorted(result["metric"].items())
                if label not in ("__name__", "instance", "job")
            ): float(result["value"][1])
            for result in answer.json()["data"]["result"]
        }

    async def own(self) -> dict[str, float]:
        """Its own metrics that have no labels."""
        answer = await self._http.get("/metrics", headers={"Accept": "text/plain"})
        lines = (
            line.split() for line in answer.text.splitlines() if "{" not in line and line[:1] != "#"
        )
        return {name: float(value) for name, value in lines}

    async def get(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of its API."""
        answer = await self._http.get(f"/api/v1/{path}", params=parameters)
        answer.raise_for_status()
        return answer.json()["data"]


@contextlib.asynccontextmanager
async def listening(
    command: Sequence[str], flag: str, ready: str, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A program that is told its address by a flag, once its path `ready` answers; its client."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with (
        program(*command, f"{flag}=127.0.0.1:{port}", folder=folder),
        httpx.AsyncClient(base_url=base, trust_env=False) as http,
    ):
        await until(lambda: http.get(ready), lambda answer: answer.is_success)
        yield http


@contextlib.asynccontextmanager
async def prometheus(
    folder: Path, configuration: str, *flags: str, name: str = "prometheus"
) -> AsyncIterator[Prometheus]:
    """A real Prometheus with this configuration, ready; `name` is that of its program."""
    path = folder / "prometheus.yml"
    path.write_text(configuration)
    command = (name, *flags, f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}")
    async with listening(command, "--web.listen-address", "/-/ready", folder) as http:
        yield Prometheus(http)
