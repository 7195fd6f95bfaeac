"""The units of families, which OpenMetrics wants to be told."""

import re
from typing import Final

_TYPED: Final = re.compile(r"^# TYPE (\w+_(seconds|days|bytes)) \w+$", re.MULTILINE)


def with_units(described: str) -> str:
    """Lines of OpenMetrics, with a `# UNIT` for each family whose name ends in one.

    Source: OpenMetrics 1.0, "Unit": the unit is the suffix of the family's name.
    """
    return _TYPED.sub(r"\g<0>\n# UNIT \1 \2", described)
