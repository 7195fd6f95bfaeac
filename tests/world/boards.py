"""A board of metros in any condition: a test states only what it is about."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from exporter.config import Account, Configuration, Metro, Token, TokenVariable
from exporter.errors import PollError
from exporter.exposition.render import MetroPage, render
from exporter.judgement import Policy
from exporter.polling.metros import Plan, Polling
from exporter.polling.snapshot import Key, MetroSnapshot
from exporter.status.board import Board
from tests.world.builders import DAY, FRA, NOT_AFTER

NOW = NOT_AFTER - 60 * DAY
"""A moment at which the specification's valid certificate is healthy."""


class Loaded(NamedTuple):
    """A configuration that was loaded, and the refusal of a later one."""

    loaded_at: float = NOW - 3600
    refusal: str = ""


LOADED = Loaded()


def polling(
    key: Key = FRA,
    *,
    url: str = "https://api.fra0.kraft.cloud",
    tried: bool = True,
    error: PollError | None = None,
    next_poll: float | None = NOW + 48,
    metro: dict[str, Any] | None = None,
    **configuration: Any,
) -> Polling:
    """A metro that is polled, well unless it is said otherwise."""
    account = Account(key.account, TokenVariable("T", Token("t")), ())
    plan = Plan(account, Metro(key.metro, url, **metro or {}), Configuration((), **configuration))
    return Polling(plan, tried, error, next_poll)


def board(
    *snapshots: MetroSnapshot,
    metros: Iterable[Polling] = (),
    now: float = NOW,
    loaded: Loaded = LOADED,
) -> Board:
    """The board of these metros, or of those that the snapshots are of."""
    each = tuple(metros) or tuple(polling(s.key) for s in snapshots) or (polling(),)
    policies = {p.plan.key: Policy(p.plan.metro.thresholds, p.plan.metro.renewal) for p in each}
    selections = {p.plan.key: p.plan.metro.selection for p in each}
    pages: dict[Key, MetroPage] = {
        s.key: render(s, None, now=now, policy=policies[s.key], selection=selections[s.key])
        for s in snapshots
    }
    return Board(lambda: each, pages.get, loaded, clock=lambda: now)
