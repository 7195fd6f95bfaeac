"""The same families through prometheus_client: what rendering and a scrape cost that way.

`python -m bench.client_library CERTIFICATES` prints the seconds of CPU of one rendering with gzip
there, of a first rendering here, and of a rendering here when nothing changed (medians of 5).
"""

import gzip
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bench.fleet import answer, fleet
from exporter.api import protocol
from exporter.api.model import Certificate
from exporter.exposition.families import STATES
from exporter.exposition.render import render
from exporter.loop import finished
from exporter.polling.snapshot import Key, look

_NOW = 1.77e9
_PLAIN: tuple[tuple[str, Callable[[Certificate], float | None]], ...] = (
    ("expiry_days", lambda c: None if c.not_after is None else (c.not_after - _NOW) / 86400),
    ("not_after_timestamp_seconds", lambda c: c.not_after),
    ("not_before_timestamp_seconds", lambda c: c.not_before),
    ("created_timestamp_seconds", lambda c: c.created_at),
    ("validation_attempts", lambda c: c.attempts),
    ("validation_next_timestamp_seconds", lambda c: c.next_attempt),
    ("service_groups", lambda c: len(c.service_groups or ())),
)
_OWN = ("uuid", "subject", "issuer", "serial_number", "wildcard", "renewal")


class _Certificates(Collector):
    def __init__(self, certificates: tuple[Certificate, ...]) -> None:
        self._certificates = certificates

    def collect(self) -> Iterator[GaugeMetricFamily]:
        identity = ("account", "metro", "name", "common_name")

        def family(name: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"ukc_certificate_{name}", name, labels=(*identity, *labels))

        info, state = family("info", *_OWN), family("state", "state")
        groups = family("service_group_info", "service_group", "service_group_uuid")
        plain = [(family(name), value) for name, value in _PLAIN]
        for c in self._certificates:
            who = ("default", "fra0", c.name, c.common_name)
            wildcard = str(c.wildcard).lower()
            own = (c.uuid, c.subject, c.issuer, c.serial_number, wildcard, "automatic")
            info.add_metric((*who, *own), 1)
            for name in STATES:
                state.add_metric((*who, name), name == c.state)
            for group in c.service_groups or ():
                groups.add_metric((*who, group.name, group.uuid), 1)
            for metric, value in plain:
                known = value(c)
                if known is not None:
                    metric.add_metric(who, known)
        yield from (info, state, groups, *(metric for metric, _ in plain))


def _median(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(5):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def main(count: int) -> None:
    """Measure all three in one process."""
    reading = finished(protocol.read((200, {}, answer(fleet(count))), now=_NOW))
    snapshot = look(
        Key("default", "fra0"), reading, None, taken_at=_NOW, read_at=0, stale_after=3600
    )
    registry = CollectorRegistry()
    registry.register(_Certificates(snapshot.certificates))
    page = render(snapshot, None, now=_NOW)
    print(
        _median(lambda: gzip.compress(generate_latest(registry))),
        _median(lambda: render(snapshot, None, now=_NOW)),
        _median(lambda: render(snapshot, page, now=_NOW)),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
