"""What a PromQL expression selects."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import promql_parser

_CHILDREN = ("lhs", "rhs", "expr", "param", "vector_selector")


class Selector(NamedTuple):
    """One vector selector: the metric, and the labels that it matches on."""

    metric: str
    labels: frozenset[str]


def selectors(expression: str) -> Iterator[Selector]:
    """Every selector of an expression; raises ValueError where it is not PromQL."""
    yield from _walk(promql_parser.parse(expression))


def _walk(node: Any) -> Iterator[Selector]:
    if isinstance(node, promql_parser.VectorSelector):
        labels = {matcher.name for matcher in node.matchers.matchers}
        yield Selector(node.name or "", frozenset(labels))
    for name in _CHILDREN:
        child = getattr(node, name, None)
        if child is not None:
            yield from _walk(child)
    args = getattr(node, "args", None)
    for child in getattr(args, "args", args) or ():
        yield from _walk(child)
