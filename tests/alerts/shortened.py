"""The one transformation of the shipped rules for a test at wall-clock time.

Every `for` is divided by 600, so that an hour lasts six seconds; a week still outlasts a test.
The five minutes for which `ukc_up` bridges failed scrapes become three seconds.
Nothing else in the rules is changed: expressions, labels and messages are the shipped ones.
"""

import re
from pathlib import Path

from tests.alerts.rules import RULE_FILES

FACTOR = 600
_MILLISECONDS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def shortened(text: str) -> str:
    """The text of a rule file with every `for` divided by `FACTOR`."""
    return re.sub(
        r"^( +for: )(\d+)([mhd])$",
        lambda match: f"{match[1]}{int(match[2]) * _MILLISECONDS[match[3]] // FACTOR}ms",
        text.replace("ukc_up[5m]", "ukc_up[3s]"),
        flags=re.MULTILINE,
    )


def shortened_rules(folder: Path) -> list[str]:
    """The shipped rule files, shortened, in a folder; their paths."""
    paths = [folder / path.name for path in RULE_FILES]
    for source, target in zip(RULE_FILES, paths, strict=True):
        target.write_text(shortened(source.read_text()))
    return [str(path) for path in paths]
