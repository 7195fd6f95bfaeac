"""The fault matrix as a table for people: `python -m tests.faults.table`."""

from collections import Counter

from tests.faults.cases import BODIES, CASES, ITEMS, LISTENING, STATUSES, TRANSPORT, Case
from tests.faults.kinds import KINDS
from tests.faults.places import PLACES, Of
from tests.faults.rules import Outcome, expected

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


ANSWERS: dict[Of, str] = {
    "bulk": "everything by one request",
    "list": "a list, `fetch: batched`",
    "details": "details, `fetch: batched`",
    "error": "an error with status 200",
    "refusal": "a refusal with status 401",
}


def structure() -> str:
    """One line for each answer: its places, and what comes of every kind in each of them."""
    costs = ("nothing", "a field", "a certificate", "the poll")
    lines = [f"| answer | places | times kinds | {' | '.join(costs)} |", "|---|" + "---:|" * 6]
    total: Counter[str] = Counter()
    for of, name in ANSWERS.items():
        places = [place for place in PLACES if place.of == of]
        cases = [expected(place, kind) for place in places for kind in KINDS if place.takes(kind)]
        counts = Counter(map(_cost, cases)) + Counter(places=len(places), cases=len(cases))
        total += counts
        lines.append(_line(name, counts, costs))
    return "\n".join([*lines, _line("all", total, costs)]) + "\n"


def _cost(outcome: Outcome) -> str:
    if outcome.reason:
        return "the poll"
    return "a certificate" if outcome.skipped else "a field" if outcome.unread else "nothing"


def _line(name: str, counts: Counter[str], costs: tuple[str, ...]) -> str:
    figures = (f"{counts[what]:,}" for what in ("places", "cases", *costs))
    return f"| {name} | {' | '.join(figures)} |"


if __name__ == "__main__":
    print(table(), structure(), sep="\n", end="")
