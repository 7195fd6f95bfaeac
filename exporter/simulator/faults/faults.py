"""Faults on demand: which are active, and which request meets them."""

import math
from typing import Annotated, Literal, get_args

import msgspec
from msgspec.structs import replace

Endpoint = Literal[
    "list",
    "get",
    "get-one",
    "upload",
    "update",
    "update-one",
    "delete",
    "delete-one",
    "other",
]
"""What a request is for, as a fault names it."""

Kind = Literal[
    "latency",
    "hang",
    "hang-body",
    "reset",
    "truncate",
    "drip",
    "endless",
    "unauthorized",
    "forbidden",
    "not-found",
    "rate-limited",
    "server-error",
    "bad-gateway",
    "empty",
    "garbage",
    "wrong-types",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong. `endpoint` None means every one, `count` None until it is cleared.

    `seconds` is the wait of `latency` and between the pieces of `drip`; `after` is how many bytes
    of the body come before `truncate`, `hang-body` or `reset` set in (None: half of them, for
    `reset` not even a status); `size` is how many bytes `drip` sends at a time; `retry_after` is
    the header of that name, in seconds or as a date, for `rate-limited` and the 5xx.
    """

    kind: Kind
    endpoint: Endpoint | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Amount = 1.0
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    size: Annotated[int, msgspec.Meta(ge=1)] = 1
    retry_after: Annotated[int, msgspec.Meta(ge=0)] | str | None = None

    def __post_init__(self) -> None:
        """Refuse in Python too what msgspec refuses in decoding."""
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        if self.endpoint is not None and self.endpoint not in get_args(Endpoint):
            expected = ", ".join(get_args(Endpoint))
            raise ValueError(f"endpoint: expected one of {expected}, got {self.endpoint!r}")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count: expected 1 or more, got {self.count}")
        if not 0 <= self.seconds < math.inf or self.size < 1 or (self.after or 0) < 0:
            raise ValueError("seconds, size and after: expected numbers from 0 up")
        if isinstance(self.retry_after, str) and not (
            self.retry_after.isascii() and self.retry_after.isprintable()
        ):
            raise ValueError("retry_after: not a header's value")


class Faults:
    """The active faults, in the order they were injected; the first that applies is used."""

    def __init__(self) -> None:
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Activate it, for `fault.count` requests or until it is cleared."""
        self._active.append(fault)

    def clear(self) -> None:
        """End all of them; requests that hang go on hanging."""
        self._active.clear()

    def active(self) -> list[Fault]:
        """All of them, each with the count that is left."""
        return list(self._active)

    def take(self, endpoint: Endpoint) -> Fault | None:
        """The fault for one request, counted; None where all is well."""
        for position, fault in enumerate(self._active):
            if fault.endpoint in {None, endpoint}:
                if fault.count == 1:
                    del self._active[position]
                elif fault.count is not None:
                    self._active[position] = replace(fault, count=fault.count - 1)
                return fault
        return None
