"""Every attack in full, as a table: attack, and what came of it."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tests.faults.outbound import attacks
from tests.faults.outbound.target import Command, Outcome
from tests.world.processes import COMMAND

ATTACKS: Mapping[str, Callable[[Command], Awaitable[Outcome]]] = {
    "a 401 nested 1,000 deep": lambda c: attacks.answered(
        attacks.REFUSED_DEEP, times=20, command=c
    ),
    "a field nested 1,000 deep": lambda c: attacks.answered(attacks.ITEM_DEEP, times=20, command=c),
    "100,000 brackets, unclosed": lambda c: attacks.answered(attacks.UNCLOSED, times=20, command=c),
    "10,000,000 zeros in 20 KB": lambda c: attacks.dense(10, command=c),
    "100,000 odd certificates": lambda c: attacks.odd_items(100_000, 5, command=c),
    "a batch that fails, others each time": lambda c: attacks.changing_batches(5, 100, command=c),
    "a directory for a token": lambda c: attacks.directory(30, command=c),
    "the token repeated in escapes": lambda c: attacks.repeated_token(5, command=c),
    "an expression that backtracks": lambda c: attacks.catastrophe(20, command=c),
    "cookies": lambda c: attacks.cookies(200, command=c),
    "an error that nobody foresaw": lambda c: attacks.unforeseen(20, command=c),
    "90 metros without a name server": lambda c: attacks.mute_names(90, 20, command=c),
    "the clock a day ahead": lambda c: attacks.clock(1, "1h", 10, command=c),
    "the clock a day back": lambda c: attacks.clock(-1, "2s", 60, command=c),
    "500 metros": lambda c: attacks.many_metros(500, command=c),
}


async def main(pattern: str, command: Command) -> None:
    """Run those whose name has this in it."""
    print("| attack | what came of it |\n|---|---|")
    for name, attack in ATTACKS.items():
        if pattern in name:
            print(f"| {name} | {said(await attack(command))} |", flush=True)


def said(outcome: Outcome) -> str:
    """What came of it, in words."""
    if outcome.ended:
        return "the process ended"
    parts = [f"polls fail as {', '.join(sorted(outcome.reasons))}"] if outcome.reasons else []
    if outcome.polls:
        parts.append(f"its neighbour is polled {outcome.polls:g} times for each of its own")
    parts += [f"{outcome.growth / 1e6:+.0f} MB", f"{outcome.descriptors:+} descriptors"]
    return "; ".join([*parts, outcome.told] if outcome.told else parts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.outbound", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--python", help="that of another version of the exporter")
    options = parser.parse_args()
    # Without -P the version in this folder would be the one that runs.
    other = (options.python, "-P", "-m", "exporter") if options.python else COMMAND
    asyncio.run(main(options.pattern, other))
