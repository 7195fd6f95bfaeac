"""The exporter with a probe in its event loop: `python -m bench.probed` takes its arguments.

The probe asks to be woken every 5 ms and writes, at the end, how late the latest wake-up was and
how late one in a hundred was, in seconds, to the file that `BENCH_PROBE` names.
`python -m bench.probed alone SECONDS` prints the same of a loop that does nothing else: what the
machine itself is late.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from exporter import cli, loop, service

_PERIOD = 0.005


async def _probe(late: list[float], after: float = 0.0) -> None:
    await asyncio.sleep(after)  # a start loads certificates and modules: nobody scrapes it yet
    while True:
        due = time.perf_counter() + _PERIOD
        await asyncio.sleep(_PERIOD)
        late.append(time.perf_counter() - due)


def main() -> int:
    """Run the command line with the probe beside the server."""
    late: list[float] = []
    serve = service.serve

    async def probed(*arguments: object, **options: object) -> None:
        task = asyncio.create_task(_probe(late, after=1.0))
        try:
            await serve(*arguments, **options)  # type: ignore[arg-type]
        finally:
            task.cancel()

    cli.serve = probed  # type: ignore[attr-defined]
    code = cli.main()
    Path(os.environ["BENCH_PROBE"]).write_text(_summary(late))
    return code


def _summary(late: list[float]) -> str:
    ordered = sorted(late)
    worst, hundredth = ordered[-1], ordered[int(len(ordered) * 0.99)]
    over = sum(seconds > 0.05 for seconds in ordered)
    return f"{worst} {hundredth} {over} {len(ordered)}"


async def alone(seconds: float) -> None:
    """The probe in a loop of its own."""
    late: list[float] = []
    task = asyncio.create_task(_probe(late))
    await asyncio.sleep(seconds)
    task.cancel()
    print(_summary(late))


if __name__ == "__main__":
    if sys.argv[1:2] == ["alone"]:
        loop.run(alone(float(sys.argv[2])))
    else:
        sys.exit(main())
