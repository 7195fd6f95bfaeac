"""Queries laid out over lines, as a person wants to find them in the panel's editor."""

import promql_parser

#: What Grafana puts in, and what stands for it while the parser reads: the parser writes these
#: as it was given them, and nobody means them.
_STAND_INS = {
    "$__rate_interval": "97d",
    "$__interval": "96d",
    "$__range": "95d",
    "${__to:date:seconds}": "4102444800.000",
}
_SHORT = 100


def readable(expr: str) -> str:
    """The same query, over several lines where it is long. ValueError where it is not PromQL."""
    if len(expr) <= _SHORT:
        return expr
    for variable, stand_in in _STAND_INS.items():
        expr = expr.replace(variable, stand_in)
    expr = promql_parser.parse(expr).prettify()
    for variable, stand_in in _STAND_INS.items():
        expr = expr.replace(stand_in, variable)
    return expr
