"""Panels of each kind, with the choices that are the same everywhere."""

from collections.abc import Iterable
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common, prometheus

from .layout import Panel
from .readable import readable
from .readings import Steps, thresholds, unknown
from .variables import DATASOURCE

AnyPanel = TypeVar("AnyPanel", bound=Panel)


def instant(expr: str, legend: str = "", ref: str = "A") -> Dataquery:
    """A query for the end of the time range."""
    return (
        Dataquery().expr(readable(expr)).instant().legend_format(legend or "__auto").ref_id(ref)
    ).datasource(DATASOURCE)


def over_time(expr: str, legend: str, ref: str = "A") -> Dataquery:
    """A query over the time range."""
    query = Dataquery().expr(readable(expr)).range().legend_format(legend)
    return query.ref_id(ref).datasource(DATASOURCE)


def rows(expr: str, ref: str = "A") -> Dataquery:
    """A query for the end of the time range whose labels become columns."""
    return instant(expr, ref=ref).format(prometheus.PromQueryFormat.TABLE)


def _titled(panel: AnyPanel, title: str, about: str, queries: Iterable[Dataquery]) -> AnyPanel:
    panel.title(title).description(about).datasource(DATASOURCE)
    for query in queries:
        panel.with_target(query)
    return panel


def _legend(*, shown: bool) -> VizLegendOptions:
    return (
        VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(shown)
    )


def tile(
    title: str, about: str, links: list[dict[str, Any]] | None, *queries: Dataquery
) -> stat.Panel:
    """A number that colours its whole tile and leads, with one click, to what it is about."""
    panel = (
        _titled(stat.Panel(), title, about, queries)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(""))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .graph_mode(common.BigValueGraphMode.NONE)
        .no_value("unknown")
        .mappings([unknown()])
        .unit("none")
    )
    # The SDK's own method writes links as those of a dashboard.
    panel.build().field_config.defaults.links = links  # type: ignore[union-attr]
    return panel


def listing(title: str, about: str, *queries: Dataquery) -> table.Panel:
    """A table with a filter on each column, which says "none" where it has no rows."""
    return (
        _titled(table.Panel(), title, about, queries)
        .cell_height(common.TableCellHeight.SM)
        .filterable(True)
        .no_value("none")
        # Else a serial number or a name made of digits would be shown as a quantity.
        .unit("string")
    )


def graph(title: str, about: str, *queries: Dataquery) -> timeseries.Panel:
    """Lines over time, with a tooltip over all of them."""
    return (
        _titled(timeseries.Panel(), title, about, queries)
        .legend(_legend(shown=True))
        .tooltip(
            VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
        .no_value("none")
        .axis_soft_min(0)
    )


def limits_drawn(panel: timeseries.Panel, steps: Steps) -> timeseries.Panel:
    """The steps as dashed lines."""
    style = GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(thresholds(steps)).thresholds_style(style)


def bars(title: str, about: str, *queries: Dataquery) -> timeseries.Panel:
    """A count per span of time, drawn as bars."""
    return (
        graph(title, about, *queries)
        .draw_style(common.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .line_width(0)
        .decimals(0)
        .unit("short")
        .legend(_legend(shown=False))
    )


def counts(title: str, about: str, *queries: Dataquery) -> barchart.Panel:
    """A bar for each row of an answer that is for now."""
    return (
        _titled(barchart.Panel(), title, about, queries)
        .fill_opacity(80)
        .line_width(0)
        .show_value(common.VisibilityMode.AUTO)
        .x_tick_label_spacing(100)
        .axis_soft_min(0)
        .decimals(0)
        .unit("short")
        .legend(_legend(shown=False))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
        .no_value("none")
    )


def bands(title: str, about: str, *queries: Dataquery) -> statetimeline.Panel:
    """States over time, one band per series."""
    return (
        _titled(statetimeline.Panel(), title, about, queries)
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(80)
        .legend(_legend(shown=False))
        .tooltip(VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
        .no_value("none")
        .unit("none")
    )
