"""The simulator as these tests reach it: through its front door, at a time that stands still."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from exporter.simulator import Clock, Simulator

TOKEN = "secret"
NOW = 1_717_614_370


def simulator(scenario: Any = "mixture", **overrides: Any) -> Simulator:
    """A simulator with valid defaults, whose clock moves only when it is advanced."""
    defaults: dict[str, Any] = {"token": TOKEN, "clock": Clock(start=NOW, speed=0)}
    return Simulator(scenario, **{**defaults, **overrides})


def ask(
    world: Simulator,
    method: str,
    url: str,
    *,
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
    **request: Any,
) -> httpx.Response:
    """One request and its answer, without a socket."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            bearer = {} if token is None else {"authorization": f"Bearer {token}"}
            return await http.request(method, url, headers={**bearer, **(headers or {})}, **request)

    return asyncio.run(asked())


def items(response: httpx.Response) -> list[dict[str, Any]]:
    """`data.certificates` of an answer."""
    found: list[dict[str, Any]] = response.json()["data"]["certificates"]
    return found
