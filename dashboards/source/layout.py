"""The 24-column grid: sections of lines of panels, placed and numbered from the top."""

import dataclasses

from grafana_foundation_sdk.builders import gauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import GridPos

COLUMNS = 24


Panel = stat.Panel | gauge.Panel | table.Panel | timeseries.Panel | statetimeline.Panel


@dataclasses.dataclass(frozen=True)
class Line:
    """Panels side by side, all of one height; their widths fill the grid."""

    height: int
    cells: tuple[tuple[int, Panel], ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """Lines under a title; the first section of a dashboard needs none."""

    title: str | None
    lines: tuple[Line, ...]


def line(height: int, *cells: tuple[int, Panel]) -> Line:
    """A line of `(width, panel)`; ValueError where the widths do not fill it."""
    if sum(width for width, _ in cells) != COLUMNS:
        raise ValueError(f"widths {[w for w, _ in cells]} do not fill {COLUMNS} columns")
    return Line(height, cells)


def place(board: Dashboard, *sections: Section) -> Dashboard:
    """Put the sections on the board, one below the other.

    Positions are always given: the SDK's own placing goes wrong where heights differ.
    """
    number, y = 1, 0
    for section in sections:
        if section.title is not None:
            row = Row(section.title).id(number).grid_pos(GridPos(x=0, y=y, w=COLUMNS, h=1))
            board.with_row(row)
            number, y = number + 1, y + 1
        for entry in section.lines:
            x = 0
            for width, panel in entry.cells:
                place_at = GridPos(x=x, y=y, w=width, h=entry.height)
                board.with_panel(panel.id(number).grid_pos(place_at))
                number, x = number + 1, x + width
            y += entry.height
    return board
