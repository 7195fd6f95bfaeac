"""Queries laid out over lines, as a person wants to find them in the panel's editor."""

import re

import promql_parser

#: What Grafana puts in, and what stands for it while the parser reads: the parser writes these
#: as it was given them, and nobody means them.
_STAND_INS = {
    "$__rate_interval": "97d",
    "$__interval": "96d",
    "$__range": "95d",
}
_SHORT = 100
_RAW = re.compile("`[^`]*`")
_STAND_IN = '"raw string {}"'


def readable(expr: str) -> str:
    """The same query, over several lines where it is long. ValueError where it is not PromQL."""
    if len(expr) <= _SHORT:
        return expr
    for variable, stand_in in _STAND_INS.items():
        expr = expr.replace(variable, stand_in)
    # The parser would write raw strings as others, in which a backslash means something else.
    raw = sorted(set(_RAW.findall(expr)))
    for number, text in enumerate(raw):
        expr = expr.replace(text, _STAND_IN.format(number))
    expr = promql_parser.parse(expr).prettify()
    for number, text in enumerate(raw):
        expr = expr.replace(_STAND_IN.format(number), text)
    for variable, stand_in in _STAND_INS.items():
        expr = expr.replace(stand_in, variable)
    return expr
