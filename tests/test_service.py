"""The graph of one exporter against simulated and scripted metros, over real sockets."""

import asyncio
import itertools
import socket
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import httpx
import pytest
import structlog.testing
from prometheus_client.parser import text_string_to_metric_families

from exporter import service
from exporter.config import (
    Account,
    Configuration,
    Metro,
    Pattern,
    Selection,
    Shard,
    Token,
    TokenVariable,
)
from exporter.errors import ExporterError
from exporter.service import Address
from exporter.simulator import Simulator, serve
from tests.world.api import ScriptedApi, hang, http
from tests.world.builders import SAMPLES, body, item
from tests.world.leaks import MARK

pytestmark = pytest.mark.anyio

TOKEN = f"c2VydmljZTp0{MARK}"


def configuration(metros: Sequence[tuple[str, str]], **overrides: object) -> Configuration:
    source = TokenVariable("UKC_TOKEN", Token(TOKEN))
    account = Account("default", source, tuple(Metro(name, url) for name, url in metros))
    settings = {"interval": 60.0, "timeout": 5.0, **overrides}
    return Configuration((account,), **settings)  # type: ignore[arg-type]


def lines(page: bytes, *prefixes: str) -> list[str]:
    return [line for line in page.decode().splitlines() if line.startswith(prefixes)]


async def test_the_specifications_samples_give_exactly_the_contracts_series() -> None:
    """Each certificate's series and values, served over HTTP, to the letter."""
    valid = ScriptedApi(http(200, (SAMPLES / "valid.json").read_bytes()))
    pending = ScriptedApi(http(200, (SAMPLES / "pending.json").read_bytes()))
    async with valid.serving() as fra, pending.serving() as dal:
        page, failed = await service.once(configuration([("fra0", fra), ("dal0", dal)]))
    golden = (SAMPLES.parent / "golden" / "specification.txt").read_text().splitlines()
    got = lines(page, "ukc_certificate_")
    days = [line for line in got if line.startswith("ukc_certificate_expiry_days")]

    assert golden == [line for line in got if line not in days]
    assert {line[:4] for line in page.decode().splitlines() if line[0] != "#"} == {"ukc_"}
    assert (len(days), 'metro="fra0"' in days[0]) == (1, True)
    assert float(days[0].split()[-1]) < 0
    assert failed == ()


async def test_three_broken_of_250() -> None:
    """248 are served, one of them but for a field; two are counted with their reason."""
    certificates = [item(uuid=f"u{n}", name=f"n{n}", status=...) for n in range(247)]
    certificates[7:7] = [item(uuid="odd", name="odd", not_after="next year")]
    certificates[90:90] = [{"status": "error", "uuid": "gone", "error": 8, "message": "No such"}]
    certificates[200:200] = [item(uuid="twin", name="n3")]
    with structlog.testing.capture_logs() as logs:
        async with ScriptedApi(http(200, body(*certificates))).serving() as url:
            page, _ = await service.once(configuration([("fra0", url)]))

    assert len(lines(page, "ukc_certificate_info{")) == 248
    assert lines(page, "ukc_certificates_listed{", "ukc_certificates_fetched{") == [
        'ukc_certificates_listed{account="default",metro="fra0"} 250.0',
        'ukc_certificates_fetched{account="default",metro="fra0"} 248.0',
    ]
    assert {'reason="not_found"} 1.0', 'reason="other"} 1.0'} == {
        line.split(",")[-1]
        for line in lines(page, "ukc_certificates_skipped{")
        if not line.endswith(" 0.0")
    }
    fields = lines(page, "ukc_certificates_unread_fields{")
    assert [f for f in fields if f.endswith(" 1.0")] == [
        'ukc_certificates_unread_fields{account="default",field="not_after",metro="fra0"} 1.0'
    ]
    assert sorted(
        (event["event"], event["uuid"]) for event in logs if event["log_level"] == "warning"
    ) == [
        ("certificate field not read", "odd"),
        ("certificate skipped", "gone"),
        ("certificate skipped", "twin"),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(http(500), "server_error", id="fails"),
        pytest.param(http(200, b"<html>"), "undecodable", id="garbage"),
        pytest.param(hang(), "timeout", id="hangs"),
    ],
)
async def test_one_bad_metro_changes_nothing_for_the_others(bad: object, reason: str) -> None:
    """Its failure has a reason; they are whole."""
    good = ScriptedApi(http(200, body(item())))
    async with ScriptedApi(bad).serving() as broken, good.serving() as fine:  # type: ignore[arg-type]
        metros = [("fra0", fine), ("dal0", broken), ("sin0", fine)]
        page, failed = await service.once(configuration(metros, timeout=0.5))

    (line,) = failed
    assert line.startswith(f"account default, metro dal0: {reason}: ")
    assert [line.split()[-1] for line in lines(page, "ukc_up{")] == ["1.0", "0.0", "1.0"]
    assert [f'ukc_poll_failures_total{{account="default",metro="dal0",reason="{reason}"}} 1.0'] == [
        line for line in lines(page, "ukc_poll_failures_total{") if line.endswith(" 1.0")
    ]
    assert [line.split('metro="')[1][:4] for line in lines(page, "ukc_certificate_info{")] == [
        "fra0",
        "sin0",
    ]


def without_bodies(app: Any) -> Any:
    """A gateway that refuses a GET with a body."""

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        if b"content-length" in dict(scope["headers"]):
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await app(scope, receive, send)

    return refusing


@pytest.mark.parametrize(
    ("fetch", "gateway"),
    [("bulk", lambda app: app), ("batched", lambda app: app), ("batched", without_bodies)],
    ids=["bulk", "batched", "batched, without bodies"],
)
@pytest.mark.parametrize("generation", [1, 2])
async def test_all_ways_of_fetching_read_both_generations(
    fetch: str, gateway: Any, generation: int
) -> None:
    """The simulator's whole fleet, equal to its ground truth."""
    simulator = Simulator("mixture", seed=3, token=TOKEN, generation=generation)
    async with serve(gateway(simulator.app)) as url:
        page, failed = await service.once(configuration([("fra0", str(url))], fetch=fetch))
    families = {f.name: f for f in text_string_to_metric_families(page.decode())}
    truth = simulator.certificates()

    def values(family: str) -> dict[str, float]:
        return {s.labels["name"]: s.value for s in families[family].samples}

    assert failed == ()
    assert {c.name: c.not_after for c in truth if c.not_after is not None} == values(
        "ukc_certificate_not_after_timestamp_seconds"
    )
    assert {c.name: len(c.service_groups) for c in truth} == values(
        "ukc_certificate_service_groups"
    )
    assert {(c.name, c.state) for c in truth} == {
        (s.labels["name"], s.labels["state"])
        for s in families["ukc_certificate_state"].samples
        if s.value == 1
    }


async def test_a_wrong_token_is_told() -> None:
    """The simulator refuses it; the reason is counted."""
    async with serve(Simulator("healthy", token="another").app) as url:
        page, failed = await service.once(configuration([("fra0", str(url))]))

    (line,) = failed
    assert line.startswith("account default, metro fra0: ")
    unauthorized = 'metro="fra0",reason="unauthorized"} 1.0'
    assert [unauthorized] == [
        line.partition(",")[2] for line in lines(page, "ukc_poll_failures") if "} 1.0" in line
    ]


class BrokenToken(NamedTuple):
    """A source whose bug nobody foresaw."""

    def read(self) -> Token:
        raise ZeroDivisionError("a bug")


async def test_what_nobody_foresaw_costs_one_poll_of_one_metro() -> None:
    """It is counted, and everybody else goes on."""
    good = ScriptedApi(http(200, body(item())))
    async with good.serving() as url:
        settings = configuration([("fra0", url)])
        metros = settings.accounts[0].metros
        broken = Account("broken", BrokenToken(), metros)  # type: ignore[arg-type]
        accounts = (broken, *settings.accounts)
        page, failed = await service.once(settings._replace(accounts=accounts))

    (line,) = failed
    assert line.startswith("account broken, metro fra0: ")
    assert lines(page, "ukc_up", "ukc_exporter_internal_errors_total ") == [
        'ukc_up{account="broken",metro="fra0"} 0.0',
        'ukc_up{account="default",metro="fra0"} 1.0',
        "ukc_exporter_internal_errors_total 1.0",
    ]
    assert b'account="broken",metro="fra0",reason="other"} 1.0' in page


async def test_ready_once_every_metro_was_tried() -> None:
    """A failure is an answer too."""
    async with (
        ScriptedApi(http(200, body(item()))).serving() as fine,
        ScriptedApi(http(500)).serving() as broken,
        service.build(configuration([("fra0", fine), ("dal0", broken)])) as graph,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(graph.app("/metrics")), base_url="http://exporter"
        ) as client,
    ):
        codes = [(await client.get("/-/ready")).status_code]
        for poller in graph.pollers:
            await poller.poll()
            codes.append((await client.get("/-/ready")).status_code)

    assert codes == [503, 503, 200]


@pytest.mark.parametrize("host", ["127.0.0.1", ""], ids=["one address", "every address"])
def test_listening(host: str) -> None:
    """Port 0 takes a free one; a port that is taken is told."""
    with service.listen(Address(host, 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        with pytest.raises(ExporterError, match=f":{port}: .*in use"):
            service.listen(Address(host, port))


def test_an_address_that_is_not_ours() -> None:
    """Told, not traced."""
    with pytest.raises(ExporterError, match=r"cannot listen on 192\.0\.2\.1:1"):
        service.listen(Address("192.0.2.1", 1))


async def test_shards_together_are_one_exporters_page() -> None:
    """Sample for sample; each fetches only its own details and says which it is."""
    simulator = Simulator("mixture", seed=5, token=TOKEN)
    async with serve(simulator.app) as url:
        settings = configuration([("fra0", str(url))], fetch="batched")
        now = time.time()
        whole, _ = await service.once(settings, clock=lambda: now)
        parts = [
            (
                await service.once(
                    settings._replace(shard=Shard(n, 3), fetch="bulk"), clock=lambda: now
                )
            )[0]
            for n in range(3)
        ]

    shares = [lines(part, "ukc_certificate_") for part in parts]
    assert sorted(lines(whole, "ukc_certificate_")) == sorted(itertools.chain(*shares))
    assert all(shares)
    assert total(whole, "ukc_certificates") == sum(total(p, "ukc_certificates") for p in parts)
    assert total(whole, "ukc_certificates_listed") == sum(
        total(part, "ukc_certificates_listed") for part in parts
    )
    assert [f'ukc_exporter_shard_info{{shard="{n}",total_shards="3"}} 1.0' for n in range(3)] == [
        line for part in parts for line in lines(part, "ukc_exporter_shard_info{")
    ]
    assert [f'ukc_up{{account="default",metro="fra0",shard="{n}"}} 1.0' for n in range(3)] == [
        line for part in parts for line in lines(part, "ukc_up{")
    ]


def total(page: bytes, family: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in lines(page, f"{family}{{"))


async def test_what_the_operator_leaves_out_is_counted() -> None:
    """`exclude` and `series` together: listed, fetched, omitted, and in the aggregates."""
    answer = body(*(item(uuid=f"u{n}", name=f"n{n}") for n in range(5)))
    selection = Selection("attention", exclude=Pattern("n[12]"))
    async with ScriptedApi(http(200, answer)).serving() as url:
        settings = configuration([])
        account = settings.accounts[0]._replace(metros=(Metro("fra0", url, selection=selection),))
        page, _ = await service.once(settings._replace(accounts=(account,)))
    seen = [line.partition('fra0"')[2] for line in lines(page, "ukc_certificates_omitted{")]

    assert seen == [',reason="filter"} 2', ',reason="series"} 0', ',reason="max_certificates"} 0']
    assert [
        len(lines(page, "ukc_certificate_info{")),
        total(page, "ukc_certificates"),
        total(page, "ukc_certificates_listed"),
        total(page, "ukc_certificates_fetched"),
    ] == [3, 3, 5, 5]


async def test_a_metro_whose_answer_takes_long_holds_up_nobody() -> None:
    """Each has its turn; a poll that is given up reads no further."""
    odd = [item(uuid=str(n), name=str(n), state=7) for n in range(40_000)]
    heavy, healthy = ScriptedApi(http(200, body(*odd))), ScriptedApi(http(200, body(item())))
    async with heavy.serving() as slow, healthy.serving() as quick:
        async with service.build(configuration([("slow", slow), ("quick", quick)])) as graph:
            of_slow, of_quick = graph.pollers
            poll = asyncio.create_task(of_slow.poll())
            await heavy.asked(1)
            while not poll.done() and len(healthy.received) < 6:
                await of_quick.poll()
            polled = len(healthy.received)
            poll.cancel()
            await asyncio.wait([poll])
            snapshots = [snapshot.key.metro for snapshot in graph.store]

    assert (polled, snapshots) == (6, ["quick"])
