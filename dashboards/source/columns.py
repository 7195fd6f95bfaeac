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

from . import rules
from .readings import Steps, thresholds, words


@dataclasses.dataclass(frozen=True)
class Column:
    """A column: the field that Prometheus' answer gives it, its heading, and what is special.

    The field keeps its name, because links refer to it by that; only the heading is another.
    """

    field: str
    heading: str
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    mapping: ValueMapping | None = None
    steps: Steps | None = None
    cell: Any = None
    links: list[dict[str, Any]] | None = None
    maximum: float | None = None
    absent: str | None = None

    def properties(self) -> list[DynamicConfigValue]:
        """The overrides of this column."""
        given = {
            "displayName": self.heading,
            "unit": self.unit,
            "decimals": self.decimals,
            "custom.width": self.width,
            "mappings": [self.mapping] if self.mapping else None,
            "thresholds": thresholds(self.steps).build() if self.steps else None,
            "custom.cellOptions": self.cell,
            "links": self.links,
            "min": 0 if self.maximum is not None else None,
            "max": self.maximum,
            "noValue": self.absent,
        }
        return [DynamicConfigValue(id_val=k, value=v) for k, v in given.items() if v is not None]


def coloured() -> common.TableColoredBackgroundCellOptions:
    """The mapping's or threshold's colour behind the text."""
    return common.TableColoredBackgroundCellOptions(
        mode=common.TableCellBackgroundDisplayMode.BASIC
    )


def text() -> common.TableColorTextCellOptions:
    """The mapping's or threshold's colour on the text."""
    return common.TableColorTextCellOptions()


def bar() -> common.TableBarGaugeCellOptions:
    """A bar with the number beside it."""
    return common.TableBarGaugeCellOptions(
        mode=common.BarGaugeDisplayMode.BASIC, value_display_mode=common.BarGaugeValueMode.TEXT
    )


def severity() -> Column:
    """The severity of an alert in its colour."""
    texts = {name: (name, colour) for name, colour in rules.COLOURS.items()}
    return Column("severity", "Severity", width=90, mapping=words(texts), cell=coloured())


def arrange(panel: Panel, columns: list[Column], order: list[tuple[str, bool]]) -> Panel:
    """Join the queries' answers row by row, sort them, and show these columns only.

    `order` names fields from the most important on, each with whether it descends.
    """
    panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    # Sorting by one field keeps the order of equals, so the least important comes first.
    for field, descends in reversed(order):
        sort = {"fields": {}, "sort": [{"field": field, "desc": descends}]}
        panel.with_transformation(DataTransformerConfig(id_val="sortBy", options=sort))
    names = [column.field for column in columns]
    panel.with_transformation(
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": names}})
    )
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": {},
            },
        )
    )
    for column in columns:
        panel.override_by_name(column.field, column.properties())
    return panel
