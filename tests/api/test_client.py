"""One metro's API over real sockets: scripted answers in, a reading or an error out."""

import contextlib
import gzip
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from exporter.api.client import Client
from exporter.api.exchange import Exchange
from exporter.api.protocol import Reading
from exporter.config import Token, TokenFile, TokenSource, TokenVariable
from exporter.errors import PollError, Unauthorized
from tests.world.api import Answer, ScriptedApi, cut, drip, endless, hang, http, reset
from tests.world.builders import SAMPLES, body, certificate, item
from tests.world.leaks import MARK

TOKEN = f"cm9ib3QkZGVtbzpz/{MARK}+"
VALID = (SAMPLES / "valid.json").read_bytes()
SOURCE = TokenVariable("UKC_TOKEN", Token(TOKEN))

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def client(
    url: str,
    seen: list[tuple[str, str]] | None = None,
    token: TokenSource = SOURCE,
    skews: list[float] | None = None,
) -> AsyncIterator[Client]:
    """A client with limits that a test can reach."""
    told = [] if seen is None else seen
    limit = httpx.Timeout(1.0, connect=0.7)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=limit) as connections:
        exchange = Exchange(
            connections,
            token,
            timeout=1.0,
            max_response_bytes=1 << 20,
            on_request=lambda endpoint, code, _: told.append((endpoint, code)),
            on_clock_skew=([] if skews is None else skews).append,
            clock=lambda: 0.0,
        )
        yield Client(exchange, clock=lambda: 0.0)


async def test_bulk_is_one_plain_request() -> None:
    """As every current client asks: no query, no body, JSON wanted."""
    api = ScriptedApi(http(200, VALID))
    seen: list[tuple[str, str]] = []
    async with api.serving() as url, client(url, seen) as metro:
        got = await metro.bulk()
    (request,) = api.received

    assert Reading(1, (certificate(),), ()) == got._replace(chunks=())
    assert (request.line, request.body) == ("GET /v1/certificates HTTP/1.1", b"")
    assert request.headers["accept"] == "application/json"
    assert f"Bearer {TOKEN}" == request.headers["authorization"]
    assert seen == [("/v1/certificates", "200")]


@pytest.mark.parametrize(
    ("status", "headers", "skews"),
    [
        (200, {"Date": "Thu, 01 Jan 1970 01:00:00 GMT"}, [3600.5]),
        (200, {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}, [0.0]),
        (401, {"Date": "Thu, 01 Jan 1970 01:00:00 GMT"}, [3600.5]),
        (502, {"Date": "Thu, 01 Jan 1970 01:00:00 GMT"}, []),
        (200, {"Date": "Thu, 01 Jan 1970 01:00:00 GMT", "Age": "0"}, []),
        (200, {}, []),
    ],
    ids=["ahead", "the same", "refused", "a gateway", "a cache", "no date"],
)
async def test_the_clock_of_the_api(
    status: int, headers: dict[str, str], skews: list[float]
) -> None:
    """By the date of its answers, where they have one."""
    seen: list[float] = []
    async with ScriptedApi(http(status, VALID, **headers)).serving() as url:
        async with client(url, skews=seen) as metro:
            with contextlib.suppress(PollError):
                await metro.bulk()

    assert seen == skews


async def test_connections_are_reused() -> None:
    """The second poll needs no new one."""
    api = ScriptedApi(http(200, VALID))
    async with api.serving() as url, client(url) as metro:
        await metro.bulk()
        await metro.bulk()

    assert (len(api.received), api.connections) == (2, 1)


@pytest.mark.parametrize(
    ("broken", "codes"),
    [
        pytest.param([cut(b"")], ["200", "connect", "200"], id="closed"),
        pytest.param([reset(b"")], ["200", "connect", "200"], id="reset"),
        pytest.param([cut(b"HTTP/1.1 20")], ["200", "connect", "200"], id="closed in the head"),
        pytest.param([reset(b""), cut(b"")], ["200", "connect", "connect"], id="twice"),
        pytest.param([cut(HEAD + b"{")], ["200", "connect"], id="closed in the body"),
        pytest.param([hang()], ["200", "timeout"], id="forgotten"),
    ],
)
async def test_a_connection_from_before_that_breaks(broken: list[Answer], codes: list[str]) -> None:
    """The request is repeated once on a new one, if no answer had begun (RFC 9112, 9.3.1)."""
    api = ScriptedApi(http(200, VALID), *broken, http(200, VALID))
    seen: list[tuple[str, str]] = []
    async with api.serving() as url, client(url, seen) as metro:
        await metro.bulk()
        with contextlib.nullcontext() if codes[-1] == "200" else pytest.raises(PollError):
            await metro.bulk()

    assert [code for _, code in seen] == codes


async def test_batched_lists_and_fetches_in_batches() -> None:
    """The list first; then at most 200 a request, named in a JSON array body."""
    uuids = [f"u{n}" for n in range(201)]
    listed = http(200, body(*({"uuid": u, "name": u} for u in uuids), {"name": "x"}))
    first = http(200, body(*(item(uuid=u, name=u) for u in uuids[:199])))
    failed = {"status": "error", "uuid": uuids[200], "error": 8}
    api = ScriptedApi(listed, first, http(200, body(failed, status="error")))
    async with api.serving() as url, client(url) as metro:
        got = await metro.batched()
    asked = [[named["uuid"] for named in json.loads(r.body)] for r in api.received[1:]]

    assert api.received[0].line == "GET /v1/certificates/list HTTP/1.1"
    assert [uuids[:200], uuids[200:]] == asked
    assert all(r.line == "GET /v1/certificates HTTP/1.1" for r in api.received[1:])
    assert (202, uuids[:199]) == (got.listed, [c.uuid for c in got.certificates])
    assert [(u.reason, u.uuid) for u in got.unread] == [
        ("undecodable", ""),
        ("not_found", "u199"),
        ("not_found", "u200"),
    ]


@pytest.mark.parametrize(
    "queries",
    [["uuid=u0&uuid=u1"], ["uuid=u0&uuid=u1", "uuid=u0,u1"]],
    ids=["as the second generation takes it", "as the first does"],
)
async def test_a_body_that_is_refused(queries: list[str]) -> None:
    """The query names the certificates instead, once and for all."""
    listed = http(200, body({"uuid": "u0"}, {"uuid": "u1"}))
    answer = http(200, body(item(uuid="u0", name="a"), item(uuid="u1", name="b")))
    refused = [http(400)] * len(queries)
    api = ScriptedApi(listed, *refused, answer, listed, answer)
    async with api.serving() as url, client(url) as metro:
        first, second = await metro.batched(), await metro.batched()

    assert first == second
    assert [c.uuid for c in first.certificates] == ["u0", "u1"]
    assert [r.line for r in api.received] == [
        "GET /v1/certificates/list HTTP/1.1",
        "GET /v1/certificates HTTP/1.1",
        *(f"GET /v1/certificates?{query} HTTP/1.1" for query in queries),
        "GET /v1/certificates/list HTTP/1.1",
        f"GET /v1/certificates?{queries[-1]} HTTP/1.1",
    ]


async def test_queries_are_short() -> None:
    """At most 100 a request; a uuid stays one, whatever is in it."""
    uuids = ["a&b=c,d", *(f"u{n}" for n in range(149))]
    listed = http(200, body(*({"uuid": uuid} for uuid in uuids)))
    parts = (body(*(item(uuid=u, name=u) for u in part)) for part in (uuids[:100], uuids[100:]))
    api = ScriptedApi(listed, http(400), *(http(200, part) for part in parts))
    async with api.serving() as url, client(url) as metro:
        reading = await metro.batched()

    assert [c.uuid for c in reading.certificates] == uuids
    assert [r.line.count("uuid=") for r in api.received[1:]] == [0, 100, 50]
    assert "?uuid=a%26b%3Dc%2Cd&uuid=u0&" in api.received[2].line


async def test_whatever_is_asked_is_refused() -> None:
    """The poll fails, and the next one begins with the body again."""
    listed = http(200, body({"uuid": "u0"}))
    api = ScriptedApi(listed, http(400), http(400), http(400), listed, http(503))
    async with api.serving() as url, client(url) as metro:
        for status in ("400", "503"):
            with pytest.raises(PollError, match=f"the API answered {status}"):
                await metro.batched()

    assert (len(api.received), api.received[5].body) == (6, b'[{"uuid":"u0"}]')


@pytest.mark.parametrize("status", [404, 405])
async def test_a_missing_list_is_asked_for_once(status: int) -> None:
    """The second generation lists without details; that will not change back."""
    listed = http(200, body({"uuid": "a", "name": "a"}))
    answer = http(200, body(item(uuid="a")))
    api = ScriptedApi(http(status), listed, answer, listed, answer)
    async with api.serving() as url, client(url) as metro:
        first, second = await metro.batched(), await metro.batched()

    assert first == second
    assert [r.line for r in api.received] == [
        "GET /v1/certificates/list HTTP/1.1",
        "GET /v1/certificates?details=false HTTP/1.1",
        "GET /v1/certificates HTTP/1.1",
        "GET /v1/certificates?details=false HTTP/1.1",
        "GET /v1/certificates HTTP/1.1",
    ]


async def test_an_empty_list_needs_no_details() -> None:
    """An array of nothing might be taken for everything."""
    api = ScriptedApi(http(200, body()))
    async with api.serving() as url, client(url) as metro:
        assert Reading(0, (), ()) == await metro.batched()

    assert len(api.received) == 1


async def test_one_batch_that_fails_fails_the_look() -> None:
    """A snapshot is complete, or it is none."""
    listed = http(200, body(*({"uuid": f"u{n}"} for n in range(900))))
    api = ScriptedApi(listed, http(200, body(item())), http(503))
    async with api.serving() as url, client(url) as metro:
        with pytest.raises(PollError, match="the API answered 503"):
            await metro.batched()


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * (2 << 20))


@pytest.mark.parametrize(
    ("answer", "reason", "code"),
    [
        pytest.param(http(401), "unauthorized", "401", id="401"),
        pytest.param(http(403), "forbidden", "403", id="403"),
        pytest.param(http(404), "not_found", "404", id="404"),
        pytest.param(http(429), "rate_limited", "429", id="429"),
        pytest.param(http(500), "server_error", "500", id="500"),
        pytest.param(http(502, b"<html>"), "server_error", "502", id="502 with HTML"),
        pytest.param(http(302, Location="http://127.0.0.1/"), "other", "302", id="redirect"),
        pytest.param(http(200, b"<html>"), "undecodable", "200", id="HTML with 200"),
        pytest.param(http(200), "undecodable", "200", id="empty body"),
        pytest.param(
            http(200, b"nonsense", Content_Encoding="gzip"),
            "undecodable",
            "undecodable",
            id="bad gzip",
        ),
        pytest.param(
            http(200, BOMB, Content_Encoding="gzip"), "too_large", "too_large", id="gzip bomb"
        ),
        pytest.param(
            endless(CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
            "too_large",
            "too_large",
            id="endless body",
        ),
        pytest.param(cut(b""), "connect", "connect", id="closed at once"),
        pytest.param(cut(HEAD + b"{"), "connect", "connect", id="truncated"),
        pytest.param(reset(HEAD + b"{"), "connect", "connect", id="reset in the body"),
        pytest.param(cut(b"\x00garbage\r\n\r\n"), "connect", "connect", id="not HTTP"),
        pytest.param(hang(), "timeout", "timeout", id="hangs before the answer"),
        pytest.param(hang(HEAD + b"{"), "timeout", "timeout", id="hangs in the body"),
        pytest.param(drip(HEAD), "timeout", "timeout", id="drips"),
    ],
)
async def test_what_goes_wrong_has_a_reason(answer: Answer, reason: str, code: str) -> None:
    """Counted by its status or, where no whole answer came, by the reason."""
    seen: list[tuple[str, str]] = []
    async with ScriptedApi(answer).serving() as url, client(url, seen) as metro:
        with pytest.raises(PollError) as caught:
            await metro.bulk()

    assert (reason, [("/v1/certificates", code)]) == (caught.value.reason, seen)
    assert TOKEN not in f"{caught.value!r}{caught.value}"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{free}", "connect"),
        ("http://nowhere.invalid", "connect"),
        ("https://127.0.0.1:{plain}", "tls"),
        ("https://127.0.0.1:{mute}", "timeout"),
    ],
    ids=["refused", "no such name", "plain text where TLS is meant", "hangs in the handshake"],
)
async def test_no_connection(url: str, reason: str) -> None:
    """What fails before a request is sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        greeting = ScriptedApi(greeting=b"220 no TLS here\r\n")
        async with greeting.serving() as plain, ScriptedApi(hang()).serving() as mute:
            free = unused.getsockname()[1]
            ports = {"plain": plain.rpartition(":")[2], "mute": mute.rpartition(":")[2]}
            async with client(url.format(free=free, **ports)) as metro:
                with pytest.raises(PollError) as caught:
                    await metro.bulk()

    assert reason == caught.value.reason


async def test_a_token_file_that_is_gone_asks_nobody(tmp_path: Path) -> None:
    """Without a token no request is made."""
    api = ScriptedApi(http(200, VALID))
    token = TokenFile(tmp_path / "token")
    async with api.serving() as url, client(url, token=token) as metro:
        with pytest.raises(Unauthorized, match="No such file"):
            await metro.bulk()

    assert api.received == []


async def test_a_rotated_token_is_used_by_the_next_poll(tmp_path: Path) -> None:
    """The file is read each time."""
    path = tmp_path / "token"
    api = ScriptedApi(http(200, VALID))
    async with api.serving() as url, client(url, token=TokenFile(path)) as metro:
        for text in (f"first{MARK}", f"second{MARK}\n"):
            path.write_text(text)
            await metro.bulk()

    assert [r.headers["authorization"] for r in api.received] == [
        f"Bearer first{MARK}",
        f"Bearer second{MARK}",
    ]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (body(item(name=f"echo-{TOKEN}", subject=TOKEN)), 200),
        (body(item(name=f"echo-{TOKEN}")).replace(b"/", b"\\/"), 200),
        (body(item(name=f"echo-{TOKEN}")).replace(b"+", b"\\u002b"), 200),
        (json.dumps({"status": "error", "message": f"bad token {TOKEN}"}).encode(), 401),
    ],
)
async def test_an_answer_that_repeats_the_token(answer: bytes, status: int) -> None:
    """It does not come further than this module, into a label or a message."""
    async with ScriptedApi(http(status, answer)).serving() as url, client(url) as metro:
        try:
            got = repr(await metro.bulk())
        except PollError as exc:
            got = repr(exc)

    assert ("[token]" in got, TOKEN in got) == (True, False)


async def test_a_way_that_drops_bodies_of_requests() -> None:
    """The API then answers each batch with everything; nothing of it is there twice."""
    items = [item(uuid=f"u{n}", name=f"n{n}") for n in range(201)]
    names = [{"uuid": i["uuid"], "name": i["name"]} for i in items]
    api = ScriptedApi(http(200, body(*names)), http(200, body(*items)))
    async with api.serving() as url, client(url) as metro:
        got = await metro.batched()

    assert len(api.received) == 3
    assert (got.listed, len(got.certificates), got.unread) == (201, 201, ())


async def test_an_entity_tag_saves_the_answer() -> None:
    """RFC 9110, section 13.1.2: it is sent back, and 304 means the last reading again."""
    tagged = http(200, VALID, ETag='"abc"')
    api = ScriptedApi(tagged, http(304, ETag='"abc"'), http(200, body()), http(304))
    async with api.serving() as url, client(url) as metro:
        first, second, third = await metro.bulk(), await metro.bulk(), await metro.bulk()
        with pytest.raises(PollError, match="the API answered 304"):
            await metro.bulk()
    sent = [request.headers.get("if-none-match") for request in api.received]

    assert first is second
    assert third == Reading(0, (), ())
    assert sent == [None, '"abc"', '"abc"', None]


async def test_an_answer_that_is_the_last_one_again_is_not_read_again() -> None:
    """It means what it meant; another one in between is read, and so is what is not a 200."""
    api = ScriptedApi(http(200, VALID), http(200, VALID), http(200, body()), http(500, body()))
    async with api.serving() as url, client(url) as metro:
        first, second, third = await metro.bulk(), await metro.bulk(), await metro.bulk()
        with pytest.raises(PollError, match="the API answered 500"):
            await metro.bulk()

    assert first is second
    assert (first.listed, third.listed) == (1, 0)


@pytest.mark.parametrize("etag", ["abc", '"a b"', '"\xff"', '"', ""])
async def test_what_is_no_entity_tag_is_not_sent(etag: str) -> None:
    """Nothing that an API sends can spoil a request."""
    api = ScriptedApi(http(200, VALID, ETag=etag))
    async with api.serving() as url, client(url) as metro:
        await metro.bulk()
        await metro.bulk()

    assert "if-none-match" not in api.received[1].headers
