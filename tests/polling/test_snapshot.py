"""What a look keeps, leaves out and carries over."""

from typing import Any

import pytest

from exporter.api.model import Certificate, Unread
from exporter.polling.snapshot import Key, MetroSnapshot, Store, look
from tests.world.builders import DAY, FRA, NOT_AFTER, certificate, reading, snapshot

A, B = certificate(uuid="a", name="a"), certificate(uuid="b", name="b")
UNREAD_B = Unread("undecodable", "b", "b", "odd")


def at(read_at: float, previous: MetroSnapshot | None, *found: Certificate, **how: Any) -> Any:
    return look(FRA, reading(*found, **how), previous, taken_at=9, read_at=read_at, stale_after=100)


def test_a_first_look() -> None:
    """Everything that was read, and what was not."""
    got = at(5, None, A, listed=2, unread=(UNREAD_B,))

    assert MetroSnapshot(FRA, 9, 2, (A,), (UNREAD_B,), {}, read_at=5) == got
    assert got.fetched == 1


def test_what_is_no_longer_listed_is_gone() -> None:
    """A deleted certificate vanishes by itself."""
    assert at(5, snapshot(A, B), B).certificates == (B,)


LONGER = {"not_after": NOT_AFTER + DAY}


@pytest.mark.parametrize(
    ("twins", "expected"),
    [
        pytest.param([{}, LONGER], 1, id="lasts longer"),
        pytest.param([LONGER, {}], 0, id="whatever the order"),
        pytest.param([{}, {**LONGER, "service_groups": ()}], 0, id="in use"),
        pytest.param([{"service_groups": None}, {"service_groups": ()}], 0, id="may be in use"),
        pytest.param([{"not_after": None}, {}], 1, id="was issued"),
        pytest.param([{}, {}], 0, id="the first of equals"),
    ],
)
@pytest.mark.parametrize("same", ["uuid", "name"])
def test_twins_are_counted_and_the_best_is_kept(
    twins: list[dict[str, object]], expected: int, same: str
) -> None:
    """Two certificates with one identity would be one series; a uuid names one certificate."""
    first, second = (
        certificate(**{"uuid": f"u{n}", "name": f"n{n}", **overrides, same: "same"})
        for n, overrides in enumerate(twins)
    )
    got = at(5, None, A, first, B, second)
    kept = (first, second)[expected]

    assert [(c.uuid, c.name) for c in got.certificates if c not in (A, B)] == [
        (kept.uuid, kept.name)
    ]
    assert [u.reason for u in got.unread] == ["other"]


def test_certificates_without_a_uuid_are_no_twins() -> None:
    """Nothing is known of them but their names."""
    nameless = (certificate(uuid="", name="a"), certificate(uuid="", name="b"))

    assert at(5, None, *nameless).certificates == nameless


@pytest.mark.parametrize(
    ("unread", "taken_at", "want"),
    [
        pytest.param(UNREAD_B, 50, (A, B), id="carried over"),
        pytest.param(UNREAD_B, 110, (A, B), id="until stale"),
        pytest.param(UNREAD_B, 111, (A,), id="stale"),
        pytest.param(UNREAD_B._replace(gone=True), 50, (A,), id="the API says it is gone"),
        pytest.param(UNREAD_B._replace(uuid=""), 50, (A, B), id="known by its name"),
        pytest.param(UNREAD_B._replace(uuid="", name=""), 50, (A, B), id="it may be any of them"),
        pytest.param(UNREAD_B._replace(uuid="new"), 50, (A,), id="never read before"),
        pytest.param(UNREAD_B._replace(uuid="a"), 50, (A,), id="read all the same"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_carried_over(
    unread: Unread, taken_at: float, want: tuple[Certificate, ...]
) -> None:
    """From the look before, as long as that is not stale, and still counted as unread."""
    got = at(taken_at, snapshot(A, B, read_at=10), A, listed=2, unread=(unread,))

    assert (want, (unread,), 1) == (got.certificates, got.unread, got.fetched)


def test_carrying_over_does_not_make_younger() -> None:
    """What counts is when it was last read, not when it was last carried."""
    once = at(60, snapshot(A, B, read_at=10), A, listed=2, unread=(UNREAD_B,))
    twice = at(110, once, A, listed=2, unread=(UNREAD_B,))

    assert [once.carried, twice.carried] == [{"b": 10}, {"b": 10}]
    assert at(111, twice, A, listed=2, unread=(UNREAD_B,)).certificates == (A,)


NAMELESS = Unread("undecodable", "", "", "the item has neither a name nor a uuid")


@pytest.mark.parametrize(
    ("looks", "want"),
    [
        pytest.param([((A,), 1)], (A, B), id="one that is missing may be it"),
        pytest.param([((A,), 1), ((A,), 1)], (A, B), id="and stays so"),
        pytest.param([((A,), 1), ((A,), 0)], (A,), id="until every item has a name again"),
        pytest.param([((A, B), 1), ((A,), 1)], (A,), id="not one that is gone beside it"),
        pytest.param([((), 1)], (A, B), id="nobody knows which of two is gone"),
    ],
)
def test_an_item_without_a_name(
    looks: list[tuple[tuple[Certificate, ...], int]], want: tuple[Certificate, ...]
) -> None:
    """It may be one that is missing since; what goes beside it is gone."""
    newest = snapshot(A, B, read_at=10)
    for certificates, nameless in looks:
        newest = at(20, newest, *certificates, unread=(NAMELESS,) * nameless)

    assert set(newest.certificates) == set(want)


def test_an_identity_that_was_taken_over_is_not_carried() -> None:
    """Re-uploaded under the same name, while the old object cannot be read."""
    heir = certificate(uuid="c", name="b")

    assert (heir,) == at(50, snapshot(B, read_at=10), heir, unread=(UNREAD_B,)).certificates


def test_an_identical_look_shares_its_certificates() -> None:
    """The same object tells a renderer that nothing changed."""
    before = snapshot(A, B)

    assert before.certificates is at(5, before, A, certificate(uuid="b", name="b")).certificates
    assert before.certificates is not at(5, before, A).certificates


def test_the_store_keeps_the_newest_of_each_metro() -> None:
    """One metro's look replaces no other's."""
    store, dal = Store(), Key("default", "dal0")
    for published in (snapshot(A), snapshot(B), snapshot(A, key=dal)):
        store.publish(published)

    assert getattr(store.newest(FRA), "certificates", None) == (B,)
    assert [FRA, dal] == [newest.key for newest in store]
    assert store.newest(Key("other", "fra0")) is None


def test_a_look_by_somebody_who_wants_less() -> None:
    """What is not wanted is no longer carried either, and counts as filtered."""
    a, b, c = (certificate(uuid=u, name=u) for u in "abc")
    seen = snapshot(a, b, c, carried={"b": 5.0, "c": 6.0}, filtered=1)
    got = seen.only(lambda one: one.uuid != "b")

    assert (got.certificates, got.carried, got.filtered) == ((a, c), {"c": 6.0}, 2)
