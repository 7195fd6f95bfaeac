"""What fleets of several sizes are in series and bytes: `python -m bench.sizes`.

A page is rendered in parts of 100,000 certificates, which is what several shards would do.
"""

import datetime as dt

from bench.fleet import answer, fleet
from exporter.api import protocol
from exporter.config import Selection
from exporter.exposition.deflate import join
from exporter.exposition.render import render
from exporter.loop import finished
from exporter.polling.snapshot import Key, look

_NOW = dt.datetime(2026, 3, 3, tzinfo=dt.UTC).timestamp()
_PART = 100_000


def main() -> None:
    """Print a Markdown table."""
    print(
        "| certificates | answer of the API (JSON) | samples | page | page, gzip | gzip, `none` |"
    )
    print("|---|---|---|---|---|---|")
    for size in (100, 10_000, 100_000, 1_000_000):
        totals = [0, 0, 0, 0, 0]
        for part in range(max(1, size // _PART)):
            found = _sizes(min(size, _PART), part)
            totals = [total + one for total, one in zip(totals, found, strict=True)]
        json, samples, page, packed, none = totals
        sizes = " | ".join(f"{n / 1e6:,.2f} MB" for n in (page, packed, none))
        print(f"| {size:,} | {json / 1e6:,.2f} MB | {samples:,} | {sizes} |")


def _sizes(count: int, part: int) -> tuple[int, int, int, int, int]:
    body = answer(fleet(count, metro=part))
    reading = finished(protocol.read((200, {}, body), now=_NOW))
    snapshot = look(
        Key("default", "fra0"), reading, None, taken_at=_NOW, read_at=0, stale_after=3600
    )
    page = render(snapshot, None, now=_NOW)
    none = render(snapshot, None, now=_NOW, selection=Selection("none"))
    shown = join(page.segments)
    hidden = join(none.segments)
    return (
        len(body),
        sum(piece.count(b"\n") for piece in shown.text()),
        shown.size,
        sum(map(len, shown.gzip())),
        sum(map(len, hidden.gzip())),
    )


if __name__ == "__main__":
    main()
