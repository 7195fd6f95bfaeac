"""The least that reading costs: the same client library downloads, msgspec decodes, nothing else.

`python -m bench.floor URL TIMES` prints the seconds of CPU of one poll (the median).
"""

import asyncio
import statistics
import sys
import time

import httpx
import msgspec

from exporter import loop


class _ServiceGroup(msgspec.Struct, frozen=True, gc=False):
    uuid: str = ""
    name: str = ""


class _Validation(msgspec.Struct, frozen=True, gc=False):
    attempt: int = 0
    next: str | None = None


class _Item(msgspec.Struct, frozen=True, gc=False):
    uuid: str | None = None
    name: str | None = None
    status: str | None = None
    message: str | None = None
    error: int | None = None
    created_at: str | None = None
    common_name: str | None = None
    state: str | None = None
    validation: _Validation | None = None
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    service_groups: tuple[_ServiceGroup, ...] | None = None


class _Data(msgspec.Struct):
    certificates: list[_Item]


class _Envelope(msgspec.Struct):
    data: _Data


async def main(url: str, times: int) -> None:
    """Download and decode so many times."""
    decoder, seconds = msgspec.json.Decoder(_Envelope), []
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        for _ in range(times):
            started = time.process_time()
            answer = await http.get(url, headers={"Accept": "application/json"})
            decoder.decode(answer.content)
            seconds.append(time.process_time() - started)
            await asyncio.sleep(0)
    print(statistics.median(seconds))


if __name__ == "__main__":
    loop.run(main(sys.argv[1], int(sys.argv[2])))
