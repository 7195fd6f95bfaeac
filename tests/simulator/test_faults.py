"""Faults on demand: what each of them looks like from the other end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from exporter.simulator import KINDS, Fault, Scenario, Simulator, serve
from exporter.simulator.world.scenario import Group, StandingFault
from tests.simulator.simulated import TOKEN, account, ask, items, names, simulator

PATH = "/v1/certificates"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def one(**settings: Any) -> Simulator:
    """An account with one certificate."""
    return account(Group("a.example", name="a", service_groups=0), **settings)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Simulator, httpx.AsyncClient]]:
    """One certificate behind a real socket, and a client."""
    world = one()
    async with (
        serve(world.app) as address,
        httpx.AsyncClient(base_url=address, headers=BEARER, timeout=10) as http,
    ):
        yield world, http


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault("reset"), httpx.ReadError, id="a reset before the answer"),
        pytest.param(Fault("reset", after=10), httpx.ReadError, id="a reset inside the body"),
        pytest.param(Fault("truncate"), httpx.RemoteProtocolError, id="half a body"),
        pytest.param(Fault("truncate", after=0), httpx.RemoteProtocolError, id="no body"),
        pytest.param(Fault("hang"), httpx.ReadTimeout, id="no answer"),
        pytest.param(Fault("hang-body"), httpx.ReadTimeout, id="a body that stops"),
        pytest.param(Fault("hang-body", after=0), httpx.ReadTimeout, id="a body that never starts"),
        pytest.param(Fault("latency", seconds=5), httpx.ReadTimeout, id="an answer too late"),
        pytest.param(Fault("drip", seconds=5), httpx.ReadTimeout, id="a byte now and then"),
    ],
)
async def test_on_a_socket(
    served: tuple[Simulator, httpx.AsyncClient], fault: Fault, expected: type[Exception]
) -> None:
    """The connection suffers as the fault says, and the next request is well."""
    world, http = served
    world.fault(fault)

    # Little patience where nothing else ends the wait; on a busy machine the rest takes a while.
    patience = 0.2 if expected is httpx.ReadTimeout else 10
    with pytest.raises(expected):
        await http.get(PATH, timeout=patience)
    world.clear_faults()

    assert names(await http.get(PATH)) == ["a"]


@pytest.mark.anyio
async def test_a_body_that_never_ends(served: tuple[Simulator, httpx.AsyncClient]) -> None:
    """It goes on for as long as somebody reads, and no longer."""
    world, http = served
    world.fault(Fault("endless", count=1))
    size = 0

    async with http.stream("GET", PATH) as answer:
        async for piece in answer.aiter_raw():
            size += len(piece)
            if size > 3_000_000:
                break

    assert "content-length" not in answer.headers
    assert names(await http.get(PATH)) == ["a"]


@pytest.mark.parametrize(
    ("kind", "status", "headers"),
    [
        pytest.param("unauthorized", 401, {"www-authenticate": "Bearer"}, id="unauthorized"),
        pytest.param("forbidden", 403, {}, id="forbidden"),
        pytest.param("not-found", 404, {}, id="not-found"),
        pytest.param("rate-limited", 429, {"retry-after": "30"}, id="rate-limited"),
        pytest.param("server-error", 500, {"retry-after": "30"}, id="server-error"),
        pytest.param("bad-gateway", 502, {"content-type": "text/html"}, id="bad-gateway"),
        pytest.param("empty", 503, {"content-length": "0"}, id="empty"),
        pytest.param("garbage", 200, {"content-type": "application/json"}, id="garbage"),
        pytest.param("wrong-types", 200, {"content-type": "application/json"}, id="wrong-types"),
    ],
)
def test_another_answer(kind: Any, status: int, headers: dict[str, str]) -> None:
    """It takes the place of the real one, and the request is not carried out."""
    world = one()
    world.fault(Fault(kind, retry_after=30))

    answer = ask(world, "DELETE", f"{PATH}?name=a")

    assert status == answer.status_code
    assert headers.items() <= dict(answer.headers).items()
    assert [c.name for c in world.certificates()] == ["a"]


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        pytest.param("bad-gateway", b"<html>", id="a proxy's page"),
        pytest.param("garbage", b'{"status"', id="not JSON"),
        pytest.param("wrong-types", b'{"status":200,', id="JSON of another kind"),
        pytest.param("empty", b"", id="nothing"),
        pytest.param("server-error", b'{"status":"error","message":', id="an envelope"),
    ],
)
def test_the_body_of_another_answer(kind: Any, shape: bytes) -> None:
    """A proxy's page, bytes that are no JSON, JSON of other types, nothing, an envelope."""
    world = one()
    world.fault(Fault(kind))

    assert ask(world, "GET", PATH).content.startswith(shape)


async def messages(world: Simulator) -> list[dict[str, Any]]:
    """What the application itself sends for a plain listing."""
    sent: list[dict[str, Any]] = []
    coming = [{"type": "http.request"}]

    async def receive() -> dict[str, Any]:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop()

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {"type": "http", "method": "GET", "path": PATH, "query_string": b"details=false"}
    await world.app({**scope, "headers": [(b"authorization", b"Bearer secret")]}, receive, send)
    return sent


def test_a_drip_is_the_whole_body_in_pieces() -> None:
    """Slow, but complete."""
    world = one()
    whole = ask(world, "GET", f"{PATH}?details=false").content
    world.fault(Fault("drip", seconds=0, size=10))

    _, *bodies = asyncio.run(messages(world))

    pieces = [message["body"] for message in bodies]
    assert [len(piece) for piece in pieces[:-2]] == [10] * (len(whole) // 10)
    assert whole == b"".join(pieces)


@pytest.mark.anyio
async def test_latency_lets_others_pass(served: tuple[Simulator, httpx.AsyncClient]) -> None:
    """A slow answer holds up nobody else."""
    world, http = served
    world.fault(Fault("latency", endpoint="get", seconds=0.1))
    arrived: list[str] = []

    async def get(path: str) -> None:
        arrived.append(names(await http.get(path))[0] + path)

    async with asyncio.TaskGroup() as group:
        group.create_task(get(PATH))
        group.create_task(get(f"{PATH}/list"))

    assert arrived == [f"a{PATH}/list", f"a{PATH}"]


def test_what_is_only_maltreated_is_carried_out() -> None:
    """After a broken answer to a deletion, the certificate is gone."""
    world = one()
    world.fault(Fault("truncate"))

    ask(world, "DELETE", f"{PATH}?name=a")

    assert world.certificates() == ()


def test_without_a_socket_a_reset_is_an_exception() -> None:
    """Under a transport that calls the application there is no connection to break."""
    world = one()
    world.fault(Fault("reset"))

    with pytest.raises(ConnectionResetError):
        ask(world, "GET", PATH)


ENDPOINTS = {
    "list": ("GET", f"{PATH}/list"),
    "get": ("GET", PATH),
    "get-one": ("GET", f"{PATH}/00000000-0000-4000-8000-000000000000"),
    "upload": ("POST", PATH),
    "update": ("PUT", PATH),
    "update-one": ("PUT", f"{PATH}/00000000-0000-4000-8000-000000000000"),
    "delete": ("DELETE", PATH),
    "delete-one": ("DELETE", f"{PATH}/00000000-0000-4000-8000-000000000000"),
    "other": ("GET", "/v1/instances"),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_fault_meets_one_endpoint_or_all(endpoint: Any) -> None:
    """It stands for one endpoint only, where it names one."""
    world = one()
    world.fault(Fault("bad-gateway", endpoint=endpoint))

    met = {
        name
        for name, (method, url) in ENDPOINTS.items()
        if ask(world, method, url).status_code == 502
    }

    assert {endpoint} == met


def test_a_fault_is_counted_and_the_next_follows() -> None:
    """The first that applies is used, for as often as it says; then the next."""
    world = one()
    for fault in (
        Fault("rate-limited", count=2),
        Fault("server-error", endpoint="list"),
        Fault("empty", count=1),
    ):
        world.fault(fault)

    met = [ask(world, "GET", PATH).status_code for _ in range(4)]

    assert met == [429, 429, 503, 200]
    assert world.faults() == [Fault("server-error", endpoint="list")]


def test_controls_have_no_faults() -> None:
    """What clears a fault is not subject to it."""
    world = one()
    world.fault(Fault("bad-gateway"))

    assert ask(world, "DELETE", "/_sim/faults").status_code == 200
    assert len(items(ask(world, "GET", PATH))) == 1


def test_a_scenarios_fault_stands_in_the_metros_it_names() -> None:
    """From the first moment, and elsewhere not at all."""
    scenario = Scenario(faults=(StandingFault(Fault("bad-gateway"), metros=("fra0",)),))

    met = {m: ask(simulator(scenario, metro=m), "GET", PATH).status_code for m in ("fra0", "dal0")}

    assert met == {"fra0": 502, "dal0": 200}


@pytest.mark.parametrize(
    "impossible",
    [
        pytest.param({"kind": "fire"}, id="kind"),
        pytest.param({"kind": "hang", "endpoint": "nowhere"}, id="endpoint"),
        pytest.param({"kind": "hang", "count": 0}, id="count"),
        pytest.param({"kind": "latency", "seconds": -1}, id="seconds"),
        pytest.param({"kind": "latency", "seconds": float("inf")}, id="for ever"),
        pytest.param({"kind": "drip", "size": 0}, id="size"),
        pytest.param({"kind": "truncate", "after": -1}, id="after"),
        pytest.param({"kind": "rate-limited", "retry_after": "a\r\nb: c"}, id="retry_after"),
        pytest.param({"kind": "rate-limited", "retry_after": "mañana"}, id="a header in Spanish"),
    ],
)
def test_a_fault_that_cannot_be(impossible: dict[str, Any]) -> None:
    """Neither in Python nor over HTTP."""
    with pytest.raises(ValueError, match=r"expected|not a header"):
        Fault(**impossible)
    if impossible.get("seconds") != float("inf"):
        assert ask(one(), "POST", "/_sim/faults", json=impossible).status_code == 400


def test_the_kinds_are_all_tried_here() -> None:
    """A kind that is added is added above."""
    source = {"reset", "truncate", "hang", "hang-body", "latency", "drip", "endless"}
    answers = {"unauthorized", "forbidden", "not-found", "rate-limited", "server-error"}

    assert set(KINDS) == source | answers | {"bad-gateway", "empty", "garbage", "wrong-types"}
