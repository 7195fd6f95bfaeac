"""The simulator as these tests reach it: through its front door, at a time that stands still."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from exporter.simulator import Clock, Scenario, Simulator
from exporter.simulator.world.scenario import Group

TOKEN = "secret"
NOW = 1_717_614_370  # 2024-06-05T19:06:10Z, when the specification's sample expires
DAY = 86_400


def simulator(scenario: Any = "mixture", **overrides: Any) -> Simulator:
    """A simulator with valid defaults, whose clock moves only when it is advanced."""
    defaults: dict[str, Any] = {"token": TOKEN, "clock": Clock(start=NOW, speed=0)}
    return Simulator(scenario, **{**defaults, **overrides})


def account(*groups: Group, **overrides: Any) -> Simulator:
    """A simulator over the groups given."""
    settings = {key: overrides.pop(key) for key in ("generation", "quota") if key in overrides}
    return simulator(Scenario(certificates=groups, **settings), **overrides)


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
            sent = {**bearer, **(headers or {})}
            return await http.request(method, url, headers=sent, **request)

    return asyncio.run(asked())


def items(response: httpx.Response) -> list[dict[str, Any]]:
    """`data.certificates` of an answer."""
    certificates: list[dict[str, Any]] = response.json()["data"]["certificates"]
    return certificates


def names(response: httpx.Response) -> list[str]:
    """The names in an answer, in its order."""
    return [item["name"] for item in items(response)]


def refused(response: httpx.Response) -> tuple[int, int | None]:
    """The HTTP status and the error code of a request that was refused as a whole."""
    body = response.json()
    assert body["status"] == "error"
    assert body["message"]
    [error] = body["errors"]
    assert error["status"] == response.status_code
    return response.status_code, error.get("error")


def outcomes(response: httpx.Response) -> list[int | str]:
    """The status of each item, or the error code of one that failed."""
    assert response.status_code == 200
    return [item.get("error", item.get("status", "")) for item in items(response)]
