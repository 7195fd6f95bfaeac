"""One metro's loop: what each poll gives, publishes and waits for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import structlog.testing

from exporter.api.model import Certificate, Unread
from exporter.api.protocol import Reading
from exporter.errors import ConnectionFailed, PollError, RateLimited, Unauthorized
from exporter.polling.poller import JITTER, Poller, Schedule
from exporter.polling.snapshot import Key, MetroSnapshot, Store
from exporter.polling.unforeseen import Unforeseen
from tests.world.builders import FRA, certificate, reading

pytestmark = pytest.mark.anyio

GOOD = reading(certificate())
Outcome = Reading | BaseException | Callable[[], Awaitable[Reading]]


class End(BaseException):
    """The end of a script: no poller goes on after it."""


class World:
    """A metro that behaves as scripted, and everybody whom the poller tells."""

    def __init__(self, *outcomes: Outcome, interval: float = 60, deadline: float = 60) -> None:
        self.outcomes = list(outcomes)
        self.published: list[MetroSnapshot] = []
        self.told: list[str] = []
        self.store = Store()
        self.now = 1000.0
        self.broken = False
        self.unrenderable: Certificate | None = None
        self.poller = Poller(
            FRA,
            self.fetch,
            Schedule(interval, deadline, stale_after=3600),
            store=self.store,
            publish=self.publish,
            observer=self,
            failure=Unforeseen(lambda: self.told.append("bug")).failure,
            clock=lambda: self.now,
        )

    async def fetch(self) -> Reading:
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome if isinstance(outcome, Reading) else await outcome()

    async def publish(self, snapshot: MetroSnapshot) -> None:
        if self.unrenderable in snapshot.certificates:
            raise ZeroDivisionError("rendered")
        self.published.append(snapshot)

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None:
        assert seconds >= 0
        if self.broken:
            raise ZeroDivisionError("counted")
        self.told.append(f"succeeded {snapshot.taken_at:g}")

    def failed(self, key: Key, error: PollError, *, seconds: float) -> None:
        assert (key, seconds >= 0) == (FRA, True)
        self.told.append(f"failed {error.reason}")


async def test_a_good_poll_is_published_and_waits_for_the_interval() -> None:
    """With a little jitter, less the time that the poll took."""
    world = World(GOOD)
    wait = await world.poller.poll()

    assert 60 * (1 - JITTER) - 1 < wait <= 60 * (1 + JITTER)
    assert [(1000.0, GOOD.certificates)] == [(s.taken_at, s.certificates) for s in world.published]
    assert world.published == list(world.store)
    assert (world.told, world.poller.tried.is_set()) == (["succeeded 1000"], True)


async def test_a_failed_poll_keeps_the_last_look() -> None:
    """It is published again, so that days go on counting."""
    world = World(GOOD, ConnectionFailed("refused"))
    await world.poller.poll()
    world.now = 1060.0
    await world.poller.poll()

    assert [s.taken_at for s in world.published] == [1000.0, 1000.0]
    assert world.told == ["succeeded 1000", "failed connect"]


async def test_a_first_poll_that_fails_publishes_nothing() -> None:
    """There is nothing to show, and the metro was tried."""
    world = World(ConnectionFailed("refused"))
    await world.poller.poll()

    assert (world.published, world.poller.tried.is_set()) == ([], True)


@pytest.mark.parametrize(
    ("error", "want"),
    [
        pytest.param(
            ConnectionFailed("refused"), [1, 2, 4, 8, 16, 32, 60, 60], id="doubling to a cap"
        ),
        pytest.param(RateLimited("slower"), [60, 60], id="no hurry when told to slow down"),
        pytest.param(Unauthorized("who?"), [60, 60], id="a token does not mend itself"),
        pytest.param(RateLimited("slower", retry_after=120), [120, 120], id="Retry-After"),
        pytest.param(RateLimited("slower", retry_after=3), [60, 60], id="shorter Retry-After"),
        pytest.param(ConnectionFailed("busy", retry_after=20), [20, 20, 20, 20, 20, 32], id="both"),
        pytest.param(RateLimited("slower", retry_after=3601), [60], id="beyond stale_after"),
        pytest.param(RateLimited("slower", retry_after=float("inf")), [60], id="absurd"),
    ],
)
async def test_waits_after_failures(error: PollError, want: list[float]) -> None:
    """Never longer than the interval, unless the API asks for it."""
    world = World(error)

    assert want == [await world.poller.poll() for _ in want]


async def test_a_success_ends_the_backoff() -> None:
    """The next failure begins anew."""
    failed = ConnectionFailed("refused")
    world = World(failed, failed, GOOD, failed)
    waits = [await world.poller.poll() for _ in range(4)]

    assert (waits[:2], waits[3]) == ([1, 2], 1)
    assert waits[2] > 50


async def test_thousands_of_failures_wait_no_longer() -> None:
    """The exponent is bounded."""
    world = World(ConnectionFailed("refused"))
    waits = [await world.poller.poll() for _ in range(3000)]

    assert waits[-1] == 60


async def test_a_poll_that_hangs_ends_at_its_deadline() -> None:
    """And is counted as a timeout."""

    async def hang() -> Reading:
        await asyncio.Event().wait()
        return GOOD

    world = World(hang, GOOD, deadline=0.01)
    first = await world.poller.poll()
    await world.poller.poll()

    assert (first, world.told) == (1.0, ["failed timeout", "succeeded 1000"])


def bug() -> ZeroDivisionError:
    return ZeroDivisionError("a bug")


@pytest.mark.parametrize(
    "unforeseen",
    [
        pytest.param(bug(), id="an exception"),
        pytest.param(RecursionError("too deep"), id="too deep"),
        pytest.param(MemoryError(), id="too large"),
        pytest.param(
            ExceptionGroup("two", [ConnectionFailed("refused"), ExceptionGroup("one", [bug()])]),
            id="one of several",
        ),
        pytest.param(
            GOOD._replace(certificates=(None,)),  # type: ignore[arg-type]
            id="an answer that cannot be compared",
        ),
    ],
)
async def test_what_nobody_foresaw_fails_one_poll(unforeseen: Outcome) -> None:
    """As `other`, counted each time and logged once with its traceback; the last data stays."""
    with structlog.testing.capture_logs() as logs:
        world = World(GOOD, unforeseen, unforeseen, GOOD)
        for _ in range(4):
            await world.poller.poll()
    errors = [event for event in logs if event["log_level"] == "error"]

    failures = ["bug", "failed other"] * 2
    assert world.told == ["succeeded 1000", *failures, "succeeded 1000"]
    assert [snapshot.certificates for snapshot in world.published] == [GOOD.certificates] * 4
    assert len(errors) == 1
    assert "Error" in errors[0]["traceback"]
    assert errors[0]["metro"] == "fra0"


async def test_what_cannot_be_rendered_fails_the_poll() -> None:
    """The page and the snapshot of before stay."""
    world = World(GOOD, reading(certificate(name="odd")))
    world.unrenderable = certificate(name="odd")
    for _ in range(2):
        await world.poller.poll()

    assert world.told == ["succeeded 1000", "bug", "failed other"]
    assert [s.certificates for s in world.store] == [GOOD.certificates]


async def test_a_page_that_cannot_be_rendered_again_ends_nothing() -> None:
    """It is counted."""
    world = World(GOOD, ConnectionFailed("refused"))
    await world.poller.poll()
    world.unrenderable = GOOD.certificates[0]
    await world.poller.poll()

    assert world.told == ["succeeded 1000", "failed connect", "bug"]


async def test_a_bug_of_the_loop_itself_ends_it() -> None:
    """A poller that no longer counts must not pass for one that polls."""
    world = World(GOOD)
    world.broken = True
    with pytest.raises(ZeroDivisionError):
        await world.poller.run()


async def test_run_polls_again_and_publishes_through_a_long_wait() -> None:
    """A long `Retry-After` stops the polls, not the days."""
    world = World(GOOD, RateLimited("slower", retry_after=0.05), GOOD, End(), interval=0.01)
    with pytest.raises(End):
        await world.poller.run()

    assert world.told == ["succeeded 1000", "failed rate_limited", "succeeded 1000"]
    # One for each of three polls, and one for each interval of the long wait but its last.
    assert len(world.published) >= 3 + 3


async def test_each_unread_item_is_logged_once() -> None:
    """For as long as it stays unreadable; a crowd is summed up."""
    crowd = tuple(Unread("undecodable", f"u{n}", f"n{n}", "odd") for n in range(25))
    bad = GOOD._replace(unread=crowd[:2])
    with structlog.testing.capture_logs() as logs:
        world = World(bad, bad, GOOD, bad, GOOD._replace(unread=crowd))
        for _ in range(5):
            await world.poller.poll()
    skipped = [e for e in logs if e["event"] == "certificate skipped"]
    more = [e["count"] for e in logs if e["event"] == "more certificates skipped"]

    assert ["u0", "u1", "u0", "u1", *(f"u{n}" for n in range(2, 22))] == [
        event["uuid"] for event in skipped
    ]
    assert more == [3]
    assert skipped[0] == {
        "event": "certificate skipped",
        "log_level": "warning",
        "account": "default",
        "metro": "fra0",
        "reason": "undecodable",
        "uuid": "u0",
        "name": "n0",
        "error": "odd",
    }


async def test_a_failure_and_the_recovery_are_logged() -> None:
    """With the reason and when it is tried again."""
    with structlog.testing.capture_logs() as logs:
        world = World(ConnectionFailed("refused"), GOOD, GOOD)
        for _ in range(3):
            await world.poller.poll()

    assert [(event["event"], event["log_level"]) for event in logs] == [
        ("poll failed", "warning"),
        ("poll succeeded", "info"),
        ("poll succeeded", "debug"),
    ]
    assert {"reason": "connect", "error": "refused", "retry_in_seconds": 1.0}.items() <= logs[
        0
    ].items()


async def test_it_says_how_its_polls_go() -> None:
    """Why the last one failed, and when the next one is."""
    error = RateLimited("429", retry_after=90)
    world = World(GOOD, error, GOOD)
    told = []
    for _ in range(3):
        wait = await world.poller.poll()
        told.append((world.poller.error, world.poller.next_poll == world.now + wait))
        world.now += wait

    assert [(None, True), (error, True), (None, True)] == told
