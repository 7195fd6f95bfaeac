"""Every kind of oddity in every place of every answer, against the rules."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeVar

import httpx
import msgspec
import pytest

from exporter import service
from exporter.api.client import Client
from exporter.api.exchange import Exchange
from exporter.api.model import Certificate
from exporter.api.protocol import Reading
from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.errors import PollError
from exporter.exposition.render import Exposition, render
from exporter.polling.snapshot import Key, MetroSnapshot, look
from tests.faults.kinds import KINDS, TOKEN, Kind
from tests.faults.page import Page, packed, page
from tests.faults.places import NEIGHBOUR, PLACES, Place, spoiled
from tests.faults.rules import Outcome, expected
from tests.world.api import Answer, ManyApis
from tests.world.builders import NOT_AFTER, body
from tests.world.leaks import SEARCH

pytestmark = pytest.mark.anyio

LIMIT = 16_000_000
HEALTHY = "healthy"
NOW = NOT_AFTER - 1e6
SOURCE = TokenVariable("UKC_TOKEN", Token(TOKEN))
ON_SOCKETS = (
    "bulk: data.certificates.1.not_after",
    "details: data.certificates.1",
    "list: data.certificates.1.uuid",
    "error: message",
    "refusal: message",
)
"""A field, an item, an identity and two envelopes: on sockets the rest would be the same again."""

T = TypeVar("T")


async def at_once(work: Callable[[], T]) -> T:
    """Work that needs no thread."""
    return work()


def bodies(place: Place, kind: Kind | None) -> dict[str, tuple[int, bytes]]:
    """Status and body by path; without a kind all is well."""
    listed = body({"uuid": "n", "name": "neighbour"}, {"uuid": "o", "name": "odd"})
    well = {
        "/v1/certificates": (200, body(NEIGHBOUR, place.before)),
        "/v1/certificates/list": (200, listed),
    }
    if kind is None:
        return well
    path = "/v1/certificates/list" if place.of == "list" else "/v1/certificates"
    return {**well, path: (401 if place.of == "refusal" else 200, spoiled(place, kind))}


class Looks:
    """Looks at one metro, one after the other, with nothing but the sockets left out."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._bodies: Mapping[str, tuple[int, bytes]] = {}
        transport = httpx.MockTransport(self._answer)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://metro", trust_env=False)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        status, content = self._bodies[request.url.path]
        return httpx.Response(status, stream=httpx.ByteStream(content))

    async def outcome(self, kind: Kind) -> tuple[Outcome, MetroSnapshot]:
        """What comes of an odd answer after one that is well, and the look that then is newest."""
        exchange = Exchange(
            self.http,
            SOURCE,
            timeout=20.0,
            max_response_bytes=LIMIT,
            on_request=lambda *_: None,
            aside=at_once,
        )
        client = Client(exchange, aside=at_once)
        batched = self._place.of in ("details", "list")
        fetch = client.batched if batched else client.bulk
        before = await self._look(kind.id, fetch, None, None)
        try:
            after = await self._look(kind.id, fetch, kind, before)
        except PollError as exc:
            return Outcome(exc.reason), before
        return outcome(before, after), after

    async def _look(
        self,
        metro: str,
        fetch: Callable[[], Awaitable[Reading]],
        kind: Kind | None,
        previous: MetroSnapshot | None,
    ) -> MetroSnapshot:
        self._bodies = bodies(self._place, kind)
        reading = await fetch()
        key = Key("default", metro)
        return look(key, reading, previous, taken_at=NOW, read_at=0, stale_after=9e9)


def facts(c: Certificate) -> Certificate:
    """All that is told of a certificate, without how it came to be told."""
    return msgspec.structs.replace(c, unread=(), told_unissued=False, first_seen=None)


def outcome(before: MetroSnapshot, after: MetroSnapshot) -> Outcome:
    """What came of a look."""
    known = {facts(c) for c in before.certificates}
    return Outcome(
        "",
        Counter(item.reason for item in after.unread),
        Counter(field for c in after.odd for field in c.unread),
        frozenset(c.name for c in after.certificates),
        frozenset(c.name for c in after.certificates if facts(c) in known),
    )


@pytest.mark.parametrize("place", [pytest.param(p, id=p.id) for p in PLACES])
async def test_structure(place: Place) -> None:
    """Each kind costs what the rules say, and the page holds neither the token nor too much."""
    kinds = [kind for kind in KINDS if place.takes(kind)]
    exposition = Exposition(stale_after=9e9)
    looks, outcomes = Looks(place), {}
    async with looks.http:
        for kind in kinds:
            outcomes[kind.id], newest = await looks.outcome(kind)
            exposition.publish(render(newest, None, now=NOW))
    text = b"".join(exposition.stream(openmetrics=False, tail=b"").text())
    SEARCH.look(place.id, text)

    wrong = {
        k.id: (outcomes[k.id], expected(place, k))
        for k in kinds
        if outcomes[k.id] != expected(place, k)
    }
    assert wrong == {}
    assert len(text) < 2000 * 4 * len(kinds)


def all_answers(place: Place, kinds: list[Kind], odd: bool) -> Iterator[tuple[str, Answer]]:
    """What every metro answers, by path: each has one kind, and one is well."""
    metros = [(str(number), kind if odd else None) for number, kind in enumerate(kinds)]
    for metro, kind in (*metros, (HEALTHY, None)):
        for path, (status, content) in bodies(place, kind).items():
            yield f"/{metro}{path}", packed(status, content)


def on_page(before: Page, during: Page, metro: str) -> Outcome:
    """What came of a poll, by the pages before and after it."""
    names = during.names(metro)
    return Outcome(
        ",".join(during.values("ukc_poll_failures_total", "reason", metro)),
        during.values("ukc_certificates_skipped", "reason", metro),
        during.values("ukc_certificates_unread_fields", "field", metro),
        names,
        frozenset(n for n in names if before.certificate(metro, n) == during.certificate(metro, n)),
    )


@pytest.mark.parametrize("place", [pytest.param(p, id=p.id) for p in PLACES if p.id in ON_SOCKETS])
async def test_sockets(place: Place) -> None:
    """The same by pages and over sockets; everybody is well again with the next poll."""
    kinds = [kind for kind in KINDS if place.takes(kind)]
    names = [*map(str, range(len(kinds))), HEALTHY]
    api = ManyApis({})
    async with api.serving() as url:
        configuration = Configuration(
            (Account("default", SOURCE, tuple(Metro(n, f"{url}/{n}") for n in names)),),
            timeout=20.0,
            max_response_bytes=LIMIT,
            fetch="batched" if place.of in ("details", "list") else "bulk",
        )
        async with service.build(configuration) as graph:
            before, during, after = [
                await looked(graph, api, dict(all_answers(place, kinds, odd)))
                for odd in (False, True, False)
            ]

    assert {kind.id: expected(place, kind) for kind in kinds} == {
        kind.id: on_page(before, during, str(number)) for number, kind in enumerate(kinds)
    }
    assert on_page(before, during, HEALTHY) == Outcome()
    assert during.internal_errors == 0
    assert all(after.up(name) for name in names)
    assert {n: before.series(n) for n in names} == {n: after.series(n) for n in names}


async def looked(graph: service.Graph, api: ManyApis, answers: dict[str, Answer]) -> Page:
    """The page after every metro was polled once."""
    api.answers_by_path = answers
    for poller in graph.pollers:
        await poller.poll()
    return await page(graph)
