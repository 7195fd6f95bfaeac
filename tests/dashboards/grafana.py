"""What Grafana puts in place of variables and macros, written from its documentation.

Sources: Grafana, "Variable syntax" (formats), "Template variables" of the Prometheus data source
(`$__rate_interval`), "Global variables", and "Query options" (a panel's own time range).
"""

import dataclasses
import math
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tests.world.dashboard_files import VARIABLE, Query, load, variables

#: A variable's value: one text, or those of several that are chosen.
Value = str | tuple[str, ...]
ALL = "$__all"
#: The data source's scrape interval, as docs/dashboards.md says to set it.
SCRAPE_SECONDS = 60
#: Points of a graph as wide as half a screen.
POINTS = 700
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclasses.dataclass(frozen=True)
class Opened:
    """A dashboard that somebody has opened at a moment, in Unix seconds."""

    uid: str
    now: float
    values: Mapping[str, Value]
    #: What query variables offer: "all" means these where it has no value of its own.
    offered: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def span(self, query: Query) -> tuple[float, float]:
        """The time range of a panel: its own, or the dashboard's. Both look back from now."""
        own = query.panel.get("timeFrom") or load(self.uid)["time"]["from"].removeprefix("now-")
        assert not own.startswith("+"), "a panel that looks ahead has a now of its own"
        return self.now - seconds(own), self.now

    def step(self, query: Query) -> float:
        """`$__interval` in seconds: a point for each pixel, or the panel's least interval."""
        start, end = self.span(query)
        points = query.panel.get("maxDataPoints") or POINTS
        least = seconds(query.panel.get("interval") or f"{SCRAPE_SECONDS}s")
        return max(_rounded((end - start) / points), least)

    def expr(self, query: Query) -> str:
        """The query as it is sent to Prometheus."""
        start, end = self.span(query)
        step = self.step(query)
        built_in = {
            "__interval": f"{step:.0f}s",
            "__range": f"{end - start:.0f}s",
            "__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS):.0f}s",
        }

        def replacement(match: re.Match[str]) -> str:
            name = match["braced"] or match["bare"]
            if name.isdecimal():
                # `$1` is PromQL's own: what Grafana does not know stays.
                return match[0]
            return built_in.get(name) or self._formatted(name, match["format"])

        return VARIABLE.sub(replacement, query.expr)

    def _formatted(self, name: str, style: str | None) -> str:
        variable = variables(load(self.uid))[name]
        value = self.values[name]
        if value == ALL:
            if variable.get("allValue"):
                return str(variable["allValue"])
            value = self.offered[name]
        several = bool(variable.get("multi") or variable.get("includeAll"))
        return formatted(value, style, several=several)


def formatted(value: Value, style: str | None, *, several: bool = False) -> str:
    """A value as a format writes it; without one as the Prometheus data source does."""
    texts = (value,) if isinstance(value, str) else value
    if style == "pipe":
        return "|".join(texts)
    if style == "regex":
        return _alternatives([re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", text) for text in texts])
    if style == "percentencode":
        return urllib.parse.quote(",".join(texts), safe="")
    assert style is None, style
    if not several:
        return texts[0].replace("\\", "\\\\").replace("'", "\\\\'")
    return _alternatives([re.sub(r"[\\$^*{}\[\]'+?.()|]", r"\\\\\g<0>", text) for text in texts])


def _alternatives(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({'|'.join(texts)})"


def _rounded(interval: float) -> float:
    """Intervals are steps that people know; the next greater one is near enough."""
    steps = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 43200)
    return next((step for step in steps if step >= interval), math.ceil(interval / 86400) * 86400)


def seconds(duration: str) -> int:
    """A duration of one unit, in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def chosen_at_first(uid: str) -> dict[str, Value]:
    """The values with which a dashboard opens, but for those that are asked for."""
    return {
        name: _current(variable)
        for name, variable in variables(load(uid)).items()
        if variable["type"] != "datasource"
    }


def _current(variable: Mapping[str, Any]) -> Value:
    value = variable.get("current", {}).get("value", "")
    return tuple(value) if isinstance(value, list) else str(value)
