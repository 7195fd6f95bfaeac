"""Columns of the tables: which there are, in which order, how each is shown."""

import dataclasses
from typing import Any

from grafana_foundation_sdk.builders.table import Panel
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMapping,
)

from .readings import ANCHORS, SEVERITIES, Steps, thresholds


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: the field that Prometheus' answer gives it, its heading, and what is special.

    Where rows are put together, `of` says what is made of the field's values: `groupby` where
    they are what the rows have in common, else one of Grafana's calculations.
    """

    field: str
    heading: str
    of: str | None = None
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    mappings: list[ValueMapping] | None = None
    steps: Steps | None = None
    cell: Any = None
    links: list[dict[str, Any]] | None = None
    absent: str | None = None
    hidden: bool = False

    @property
    def name(self) -> str:
        """The field as it is called once rows are put together."""
        return f"{self.field} ({self.of})" if self.of and self.of != "groupby" else self.field

    def properties(self) -> list[DynamicConfigValue]:
        """The overrides of this column."""
        settings = {
            # Links refer to a hidden one by its field, which may be called otherwise by then.
            "displayName": self.field.split(" ")[0] if self.hidden else self.heading,
            "unit": self.unit,
            "decimals": self.decimals,
            "custom.width": self.width,
            "custom.hidden": self.hidden or None,
            "mappings": self.mappings,
            "thresholds": thresholds(self.steps).build() if self.steps else None,
            "custom.cellOptions": self.cell,
            "links": self.links,
            "noValue": self.absent,
        }
        return [DynamicConfigValue(id_val=k, value=v) for k, v in settings.items() if v is not None]


def as_wide_as(heading: str) -> int:
    """Pixels for a column of small numbers: its heading, and the filter beside it."""
    return max(56, 7 * len(heading) + 24)


def coloured() -> common.TableColoredBackgroundCellOptions:
    """The mapping's or threshold's colour behind the text."""
    return common.TableColoredBackgroundCellOptions(
        mode=common.TableCellBackgroundDisplayMode.BASIC
    )


def text() -> common.TableColorTextCellOptions:
    """The mapping's or threshold's colour on the text. Lists read well so in Grafana 10 too."""
    return common.TableColorTextCellOptions()


def severity(field: str = "Value #A", mappings: list[ValueMapping] | None = None) -> Column:
    """A rank as the severity that it stands for."""
    shown = mappings or [SEVERITIES]
    return Column(field, "Severity", "max", width=85, mappings=shown, cell=coloured())


def runbook() -> Column:
    """What has no column of its own: the section of the runbook that a link beside it names."""
    return Column("runbook", "Runbook", "firstNotNull", mappings=[ANCHORS], hidden=True)


def _step(panel: Panel, name: str, options: object) -> None:
    panel.with_transformation(DataTransformerConfig(id_val=name, options=options))


def arrange(panel: Panel, columns: list[Column], order: list[tuple[str, bool]]) -> Panel:
    """Join the queries' answers row by row, sort them, and show these columns only.

    `order` names fields from the most important on, each with whether it descends. Where a column
    says what is made `of` its values, rows that have the others in common become one.
    """
    _step(panel, "merge", {})
    # Sorting by one field keeps the order of equals, so the least important comes first.
    for field, descends in reversed(order):
        _step(panel, "sortBy", {"fields": {}, "sort": [{"field": field, "desc": descends}]})
    if any(column.of == "groupby" for column in columns):
        _step(panel, "groupBy", {"fields": {c.field: _grouping(c) for c in columns if c.of}})
        columns = [dataclasses.replace(column, field=column.name) for column in columns]
    names = [column.field for column in columns]
    _step(panel, "filterFieldsByName", {"include": {"names": names}})
    indices = {name: index for index, name in enumerate(names)}
    arranged = {"excludeByName": {}, "indexByName": indices, "renameByName": {}}
    _step(panel, "organize", arranged)
    for column in columns:
        panel.override_by_name(column.field, column.properties())
    return panel


def _grouping(column: Column) -> dict[str, Any]:
    if column.of == "groupby":
        return {"aggregations": [], "operation": "groupby"}
    return {"aggregations": [column.of], "operation": "aggregate"}
