"""The fault matrix as a table for people: `python -m tests.faults.table`."""

from tests.faults.cases import BODIES, CASES, ITEMS, LISTENING, STATUSES, TRANSPORT, Case

GROUPS = (
    ("The metro cannot be reached", LISTENING),
    ("The answer breaks on its way", TRANSPORT),
    ("The API refuses", STATUSES),
    ("The answer is not what it should be", BODIES),
    ("One certificate is odd", ITEMS),
)


def table() -> str:
    """One line for each group, with its faults by what comes of them."""
    lines = ["| group | faults | what comes of them |", "|---|---:|---|"]
    for name, cases in GROUPS:
        outcomes: dict[str, list[str]] = {}
        for case in cases:
            outcomes.setdefault(_outcome(case), []).append(case.id)
        said = "<br>".join(f"{what}: {', '.join(ids)}" for what, ids in outcomes.items())
        lines.append(f"| {name} | {len(cases)} | {said} |")
    lines.append(f"| all | {len(CASES)} | |")
    return "\n".join(lines) + "\n"


def _outcome(case: Case) -> str:
    if case.reason:
        return f"the poll fails as `{case.reason}`"
    if case.skipped:
        return f"skipped as `{', '.join(case.skipped)}`"
    return "served"


if __name__ == "__main__":
    print(table(), end="")
