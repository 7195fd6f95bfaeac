"""What a page says of a metro, and answers that are packed where they are large."""

import gzip
from collections import defaultdict

import httpx
from prometheus_client.parser import text_string_to_metric_families

from exporter import service
from tests.world.api import http

_LARGE = 1 << 20
_COUNTS_DAYS = "ukc_certificate_expiry_days"


class Page:
    """A page, parsed."""

    def __init__(self, text: str) -> None:
        self._series: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        self._named: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        self._values: dict[tuple[str, str], list[tuple[dict[str, str], float]]] = defaultdict(list)
        self.internal_errors = 0.0
        for family in text_string_to_metric_families(text):
            for name, labels, value, *_ in family.samples:
                if name == "ukc_exporter_internal_errors_total":
                    self.internal_errors = value
                metro = labels.get("metro", "")
                self._values[name, metro].append((labels, value))
                if name.startswith("ukc_certificate_") and name != _COUNTS_DAYS:
                    series = (name, *sorted(f"{k}={v}" for k, v in labels.items()), str(value))
                    self._series[metro].add(series)
                    self._named[metro, labels["name"]].add(series)

    def values(self, name: str, label: str, metro: str) -> dict[str, int]:
        """The counts of one metro's samples that are not zero, by one label."""
        return {labels[label]: int(value) for labels, value in self._values[name, metro] if value}

    def up(self, metro: str) -> bool:
        """Whether the metro's last poll was good."""
        return [value for _, value in self._values["ukc_up", metro]] == [1.0]

    def names(self, metro: str) -> frozenset[str]:
        """The names of the metro's certificates."""
        return frozenset(self.values("ukc_certificate_info", "name", metro))

    def series(self, metro: str) -> set[tuple[str, ...]]:
        """All that is said of the metro's certificates, but for what counts the days."""
        return self._series[metro]

    def certificate(self, metro: str, name: str) -> set[tuple[str, ...]]:
        """All that is said of one certificate, but for what counts the days."""
        return self._named[metro, name]


async def page(graph: service.Graph) -> Page:
    """The page that is served now."""
    transport = httpx.ASGITransport(graph.app("/metrics"))
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        return Page((await client.get("/metrics")).text)


def packed(status: int, content: bytes) -> bytes:
    """An HTTP answer in JSON, packed where it is large."""
    if len(content) < _LARGE:
        return http(status, content, Content_Type="application/json")
    content = gzip.compress(content, 1)
    return http(status, content, Content_Type="application/json", Content_Encoding="gzip")
