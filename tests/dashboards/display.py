"""How Grafana shows a number: the text and the colour, from a panel's mappings and thresholds.

Sources: Grafana, "Configure value mappings", "Configure thresholds", "Configure field overrides".
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

Setting = tuple[str, Any]


def _overridden(panel: Mapping[str, Any], *, ref: str, field: str) -> Iterator[Setting]:
    for override in panel["fieldConfig"]["overrides"]:
        matcher = override["matcher"]
        wanted = ref if matcher["id"] == "byFrameRefID" else field
        if matcher["options"] == wanted:
            yield from ((setting["id"], setting["value"]) for setting in override["properties"])


def shown(
    panel: Mapping[str, Any], value: float | str | None, *, ref: str = "A", field: str = ""
) -> tuple[str | None, str]:
    """The text that stands for the value, or None where it is the number itself; its colour."""
    settings = dict(panel["fieldConfig"]["defaults"])
    settings.update(_overridden(panel, ref=ref, field=field))
    for mapping in settings.get("mappings") or ():
        result = _mapped(mapping, value)
        if result is not None:
            return result.get("text"), str(result.get("color"))
    colour = settings.get("color") or {}
    if colour.get("mode") == "fixed":
        return None, str(colour["fixedColor"])
    steps = (settings.get("thresholds") or {"steps": [{"value": None, "color": "text"}]})["steps"]
    number = float("-inf") if value is None else float(value)
    reached = [s["color"] for s in steps if s["value"] is None or number >= s["value"]]
    return None, str(reached[-1])


def _mapped(mapping: Mapping[str, Any], value: float | str | None) -> Mapping[str, Any] | None:
    options = mapping["options"]
    if mapping["type"] == "special":
        assert options["match"] == "null"
        return dict(options["result"]) if value is None else None
    if value is None:
        return None
    if mapping["type"] == "value":
        text = value if isinstance(value, str) else f"{value:g}"
        return dict(options[text]) if text in options else None
    start, end = options["from"], options["to"]
    within = (start is None or float(value) >= start) and (end is None or float(value) <= end)
    return dict(options["result"]) if within else None


def day(milliseconds: float, hours_from_utc: int) -> str:
    """`D MMM` in a browser's time zone."""
    zone = dt.timezone(dt.timedelta(hours=hours_from_utc))
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, zone)
    return f"{moment.day} {moment:%b}"
