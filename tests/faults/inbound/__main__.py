"""Every attack in full, as a table: attack, scrapes, growth of memory."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tests.faults.inbound import attacks
from tests.faults.inbound.attacks import ATTACKER, Outcome
from tests.faults.inbound.target import enough_descriptors

ATTACKS: Mapping[str, Callable[[], Awaitable[Outcome]]] = {
    "300 leave the page unread": lambda: attacks.unread(300, 6000, tls=False),
    "520 leave the page unread": lambda: attacks.unread(520, 6000, tls=False),
    "300 leave the page unread, TLS": lambda: attacks.unread(300, 6000, tls=True),
    "520 leave the page unread, TLS": lambda: attacks.unread(520, 6000, tls=True),
    "512 hold answers, 60 connections a second": lambda: attacks.held_and_flood(512, 60, 25),
    "the same from the scraper's address": lambda: attacks.held_and_flood(
        512, 60, 25, source=ATTACKER
    ),
    "48 guess passwords": lambda: attacks.guessers(48, 30, cost=10),
    "the same passwords from the scraper's address": lambda: attacks.guessers(
        48, 30, cost=10, source=ATTACKER
    ),
    "300 idle, 50 metros, 64 descriptors": lambda: attacks.few_descriptors(50, 64, 300, 8),
}


async def main(pattern: str) -> None:
    """Run those whose name has this in it."""
    print("| attack | scrapes | memory |\n|---|---|---|")
    for name, attack in ATTACKS.items():
        if pattern in name:
            whole, scrapes, growth = await attack()
            print(f"| {name} | {whole} of {scrapes} | {growth / 1e6:+.0f} MB |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults.inbound", description=__doc__)
    parser.add_argument("pattern", nargs="?", default="")
    enough_descriptors()
    asyncio.run(main(parser.parse_args().pattern))
