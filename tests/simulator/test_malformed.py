"""Malformed requests: never a 5xx, never an exception, always a JSON envelope."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group
from tests.simulator.pki import chain, upload
from tests.simulator.simulated import account

TOKEN = (b"authorization", b"Bearer secret")
CONTROLS = ["", "/faults", "/clock", "/attach", "/detach", "/delete", "/request"]

METHODS = ("GET", "POST", "DELETE", "PUT", "get", "\x00")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
WORDS = """
uuid name details count from order sortby cn common_name chain pkey true 0 -1 asc create_time
00000000-0000-4000-8000-000000000000 wildcard-cdn *.example.com
"""
words = st.sampled_from(WORDS.split())
paths = st.one_of(
    st.sampled_from(["/v1/certificates", "/v1/certificates/", "/v1/certificates/list", "/", ""]),
    st.one_of(words, st.text()).map(lambda last: f"/v1/certificates/{last}"),
    st.text(),
)
queries = st.one_of(
    st.binary(),
    st.lists(st.tuples(words, st.one_of(words, st.text()))).map(
        lambda pairs: "&".join(f"{key}={value}" for key, value in pairs).encode()
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), words),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(words, st.text()), inner)),
    max_leaves=8,
)
pems = st.one_of(
    st.text(),
    st.binary().map(lambda b: CERTIFICATE.format(b.hex())),
    st.integers(0, 700).map(lambda at: chain()[0].pem[:at] + "A" + chain()[0].pem[at + 1 :]),
    st.integers(0, 240).map(lambda at: chain()[0].pkey[:at] + "A" + chain()[0].pkey[at + 1 :]),
)
uploads = st.fixed_dictionaries(
    {}, optional={key: st.one_of(pems, values) for key in ("name", "cn", "chain", "pkey")}
).map(lambda wrong: {**upload(), **wrong})
bodies = st.one_of(
    st.binary(),
    st.one_of(values, uploads).map(lambda value: json.dumps(value).encode()),
    st.just(b""),
)
headers = st.one_of(
    st.just([TOKEN]),
    st.lists(st.tuples(st.sampled_from([b"authorization", b"content-length"]), st.binary())),
)


def world() -> Simulator:
    """A small account, so that thousands of requests take seconds."""
    return account(
        Group("*.cdn.example", name="wildcard-cdn", source="upload", service_groups=0),
        Group("a-{n}.example", name="a-{n}", count=3),
    )


async def sent(simulator: Simulator, scope: dict[str, Any], *pieces: bytes) -> tuple[int, bytes]:
    """The status and the body that the application itself answers with."""
    coming = [{"type": "http.request", "body": b, "more_body": True} for b in pieces]
    coming.append({"type": "http.request"})
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        answer.append(message)

    await simulator.app(
        {"type": "http", "headers": [TOKEN], "query_string": b"", **scope}, receive, send
    )
    status: int = answer[0]["status"]
    return status, b"".join(message["body"] for message in answer[1:])


def answered(asked: Coroutine[Any, Any, tuple[int, bytes]]) -> tuple[int, bytes]:
    """What came of it at once: nothing here waits, so that thousands take seconds."""
    with pytest.raises(StopIteration) as done:
        asked.send(None)
    answer: tuple[int, bytes] = done.value.value
    return answer


def check(status: int, body: bytes) -> None:
    """An envelope that says whether it went well, below 500."""
    envelope = json.loads(body)
    assert status < 500
    assert envelope["status"] in {"success", "partial_success", "error"}
    assert (status == 200) == ("data" in envelope)


@given(paths, queries, headers, bodies)
def test_the_api(path: str, query: bytes, header: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Whatever is asked, and however."""
    scope = {"path": path, "query_string": query, "headers": header}
    small = world()

    for method in METHODS:
        check(*answered(sent(small, {**scope, "method": method}, body)))


@given(bodies)
def test_the_controls(body: bytes) -> None:
    """The operator's hand is held to the same."""
    small = world()

    for path in CONTROLS:
        for method in ("POST", "DELETE"):
            scope = {"method": method, "path": f"/_sim{path}"}
            check(*answered(sent(small, scope, body)))


@given(uploads)
def test_uploads(body: dict[str, Any]) -> None:
    """Chains, keys and names that are almost right, or not at all."""
    scope = {"method": "POST", "path": "/v1/certificates"}

    check(*answered(sent(world(), scope, json.dumps(body).encode())))


def body(**overrides: object) -> bytes:
    """An upload's body."""
    return json.dumps(upload(**overrides)).encode()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(b"a" * 10_000_000, 413, id="10 MB"),
        pytest.param(body(chain="A" * 10_000_000), 413, id="10 MB of chain"),
        pytest.param(body(chain="A" * 1_000_000), 400, id="1 MB of chain"),
        pytest.param(b"[" * 1_000_000, 400, id="nested arrays"),
        pytest.param(b'{"name":' * 100_000 + b"1" + b"}" * 100_000, 400, id="nested objects"),
        pytest.param(b'{"name": "\xff\xfe"}', 400, id="not UTF-8"),
        pytest.param(b'{"name": "\\ud800"}', 400, id="half a surrogate pair"),
        pytest.param(b"\xef\xbb\xbf{}", 400, id="a byte order mark"),
        pytest.param(b"\x00" * 1_000, 400, id="zeros"),
        pytest.param(b"9" * 1_000_000, 400, id="a long number"),
        pytest.param(b'{"count": 1e999999}', 400, id="a large number"),
        pytest.param(body(name="\x00"), 400, id="a zero in the name"),
        pytest.param(body(cn="*." * 100_000), 400, id="a long domain"),
        pytest.param(body(cn="a" * 100_000 + "!"), 400, id="a long label"),
        pytest.param(body(chain=CERTIFICATE.format("AAAA") * 9_999), 400, id="9,999 of them"),
        pytest.param(body(chain=CERTIFICATE.format("A" * 60_000) * 9), 400, id="large ones"),
        pytest.param(body(chain="-----BEGIN CERTIFICATE-----\n" * 30_000), 400, id="only begun"),
        pytest.param(body(chain=chain()[0].pem * 10), 400, id="the same ten times"),
        pytest.param(body(pkey="-----BEGIN PRIVATE KEY-----\n" * 30_000), 400, id="keys begun"),
        pytest.param(
            body(pkey=CERTIFICATE.format("MII" + "A" * 60_000).replace("CERT", "PRIVATE KEY")),
            400,
            id="a huge key",
        ),
    ],
)
def test_bombs(request_: bytes, expected: int) -> None:
    """Requests built to exhaust the server are refused."""
    scope = {"method": "POST", "path": "/v1/certificates"}
    pieces = [request_[at : at + 65_536] for at in range(0, len(request_), 65_536)]

    status, answer = answered(sent(world(), scope, *pieces))

    check(status, answer)
    assert expected == status


def test_a_client_that_leaves_changes_nothing() -> None:
    """A deletion whose body breaks off is none."""
    small = world()
    coming: list[dict[str, Any]] = [
        {"type": "http.request", "body": b'[{"name": "wildcard-cdn"}]', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {"type": "http", "method": "DELETE", "path": "/v1/certificates", "query_string": b""}
    asyncio.run(small.app({**scope, "headers": [TOKEN]}, receive, send))

    assert answered == []
    assert len(small.certificates()) == 4
