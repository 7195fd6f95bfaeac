"""The exporter with a probe in its event loop: `python -m bench.probed` takes its arguments.

The probe asks to be woken every 5 ms and writes, at the end, how late the latest wake-up was and
how late one in a hundred was, in seconds, to the file that `BENCH_PROBE` names.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from exporter import cli, service

_PERIOD = 0.005


async def _probe(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + _PERIOD
        await asyncio.sleep(_PERIOD)
        late.append(time.perf_counter() - due)


def main() -> int:
    """Run the command line with the probe beside the server."""
    late: list[float] = []
    serve = service.serve

    async def probed(*arguments: object, **options: object) -> None:
        task = asyncio.create_task(_probe(late))
        try:
            await serve(*arguments, **options)  # type: ignore[arg-type]
        finally:
            task.cancel()

    cli.serve = probed  # type: ignore[attr-defined]
    code = cli.main()
    ordered = sorted(late)
    worst, hundredth = ordered[-1], ordered[int(len(ordered) * 0.99)]
    over = sum(seconds > 0.05 for seconds in ordered)
    Path(os.environ["BENCH_PROBE"]).write_text(f"{worst} {hundredth} {over} {len(ordered)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
