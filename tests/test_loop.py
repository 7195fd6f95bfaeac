"""Work in turns, and what becomes of work that nobody waits for."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from exporter.loop import Steps, finished, free, in_turn

pytestmark = pytest.mark.anyio


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    """One thread."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


def steps(name: str, many: int, done: list[str]) -> Steps[str]:
    for number in range(many):
        done.append(f"{name}{number}")
        yield
    return name


async def test_each_has_its_turn(worker: ThreadPoolExecutor) -> None:
    """However much work one of them has."""
    done: list[str] = []
    aside = partial(asyncio.get_running_loop().run_in_executor, worker)
    works = (steps("a", 1000, done), steps("b", 2, done), steps("c", 1, done))

    assert await asyncio.gather(*(in_turn(aside, work) for work in works)) == ["a", "b", "c"]
    assert done[:6] == ["a0", "b0", "c0", "a1", "b1", "a2"]


async def test_what_is_given_up_stops(worker: ThreadPoolExecutor) -> None:
    """At its next step."""
    done: list[str] = []
    aside = partial(asyncio.get_running_loop().run_in_executor, worker)
    task = asyncio.create_task(in_turn(aside, steps("a", 1_000_000, done)))
    await aside(lambda: None)
    task.cancel()
    await asyncio.wait([task])
    await aside(lambda: None)
    begun = len(done)
    await aside(lambda: None)

    assert task.cancelled()
    assert begun == len(done) < 1_000_000


async def test_an_error_of_a_step_is_the_works(worker: ThreadPoolExecutor) -> None:
    """Raised where the result is waited for."""

    def broken() -> Steps[None]:
        yield
        raise KeyError("a")

    with pytest.raises(KeyError, match="a"):
        await in_turn(partial(asyncio.get_running_loop().run_in_executor, worker), broken())


def test_finished() -> None:
    """All at once, up to so many pauses."""
    assert finished(steps("a", 3, []), most=3) == "a"
    with pytest.raises(ValueError, match="too long"):
        finished(steps("a", 4, []), most=3)


class Tracked:
    """Tells how many of its list are left when it goes."""

    def __init__(self, objects: list["Tracked"], seen: set[int]) -> None:
        self.objects, self.seen = objects, seen

    def __del__(self) -> None:
        self.seen.add(len(self.objects))


def test_free() -> None:
    """In pieces, and all of them."""
    seen: set[int] = set()
    objects: list[Tracked] = []
    objects += [Tracked(objects, seen) for _ in range(3000)]
    free(objects)

    assert (objects, len(seen)) == ([], 3)
