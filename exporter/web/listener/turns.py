"""Turns at what only one can do at a time: each client address has its own, in rotation."""

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Rotation(Generic[T]):
    """A queue of each owner; `pop` goes round among the owners."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, deque[T]] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def put(self, owner: str, item: T, *, first: bool) -> None:
        """Add an item as the owner's first or last."""
        queue = self._queues.setdefault(owner, deque())
        if first:
            queue.appendleft(item)
        else:
            queue.append(item)
        self._length += 1

    def pop(self) -> T:
        """Remove the first item of the next owner. Raises KeyError where there is none."""
        owner, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[owner] = queue
        self._length -= 1
        return item

    def pop_last(self) -> T:
        """Remove the last item of the owner that has the most. Raises ValueError without one."""
        owner = max(self._queues, key=lambda owner: len(self._queues[owner]))
        item = self._queues[owner].pop()
        if not self._queues[owner]:
            del self._queues[owner]
        self._length -= 1
        return item


class Turns:
    """Turns of the event loop, one at each of its iterations.

    Whoever does a little work at each turn delays nobody by more than that, however many there
    are, and an address that has many is not served more often than one that has one. Of an
    address, whoever has begun goes on first, so that few are under way at the same time.
    """

    def __init__(self) -> None:
        self._waiting: Rotation[asyncio.Future[None]] = Rotation()

    async def turn(self, owner: str, *, begun: bool) -> None:
        """Wait for the owner's next turn."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._give, loop)
        turn = loop.create_future()
        self._waiting.put(owner, turn, first=begun)
        await turn

    def _give(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.pop()
        if not turn.done():  # it is where its task was cancelled
            turn.set_result(None)
        if self._waiting:  # after that: whoever goes on is in the queue by then
            loop.call_soon(self._give, loop)
