"""The 24-column grid: sections of lines of panels, placed and numbered from the top."""

import dataclasses

from grafana_foundation_sdk.builders import (
    barchart,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import GridPos

COLUMNS = 24


Panel = stat.Panel | barchart.Panel | table.Panel | timeseries.Panel | statetimeline.Panel


@dataclasses.dataclass(frozen=True)
class Line:
    """Panels side by side, all of one height; their widths fill the grid."""

    height: int
    cells: tuple[tuple[int, Panel], ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """Lines under a title, closed until somebody opens them; without a title, always open."""

    title: str | None
    lines: tuple[Line, ...]


def line(height: int, *cells: tuple[int, Panel]) -> Line:
    """A line of `(width, panel)`; ValueError where the widths do not fill it."""
    if sum(width for width, _ in cells) != COLUMNS:
        raise ValueError(f"widths {[w for w, _ in cells]} do not fill {COLUMNS} columns")
    return Line(height, cells)


def shown(*lines: Line) -> Section:
    """What is read first."""
    return Section(None, lines)


def closed(title: str, *lines: Line) -> Section:
    """What is asked for, and loaded, only when somebody opens it."""
    return Section(title, lines)


class _Grid:
    """Where the next panel goes, and its number."""

    def __init__(self) -> None:
        self.number, self.y = 1, 0

    def put(self, panel: Panel | Row, x: int, width: int, height: int) -> None:
        panel.id(self.number).grid_pos(GridPos(x=x, y=self.y, w=width, h=height))
        self.number += 1

    def fill(self, section: Section) -> list[Panel]:
        panels = []
        for entry in section.lines:
            x = 0
            for width, panel in entry.cells:
                self.put(panel, x, width, entry.height)
                panels.append(panel)
                x += width
            self.y += entry.height
        return panels


def place(board: Dashboard, *sections: Section) -> Dashboard:
    """Put the sections on the board, one below the other.

    Positions are always given: the SDK's own placing goes wrong where heights differ.
    """
    grid = _Grid()
    for section in sections:
        if section.title is None:
            for panel in grid.fill(section):
                board.with_panel(panel)
            continue
        row = Row(section.title).collapsed(True)
        grid.put(row, 0, COLUMNS, 1)
        grid.y += 1
        y = grid.y
        row.build().panels = [panel.build() for panel in grid.fill(section)]
        # A closed row takes one line, whatever is in it.
        grid.y = y
        board.with_row(row)
    return board
