"""Updates: another chain and key under the same ids, as the vendor's SDKs send them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group
from tests.simulator.pki import Pair, pair, upload
from tests.simulator.simulated import DAY, NOW, account, ask, items, outcomes, refused

PATH = "/v1/certificates"
NOBODY = "00000000-0000-4000-8000-000000000000"


def world(**settings: Any) -> Simulator:
    """A wildcard in use that is about to expire, and a request that failed for good."""
    return account(
        Group("*.example.com", name="wild", source="upload", lifetime="1y", expires_in="3d"),
        Group("lost.example.com", name="lost", age="6d", issuance="fails"),
        **settings,
    )


def material(leaf: Pair | None = None) -> dict[str, str]:
    """The chain and the key of a leaf; None: of one for the wildcard, valid for 300 days."""
    leaf = leaf or pair(serial=0x0D, ends=timedelta(days=300))
    return {"chain": leaf.pem, "pkey": leaf.pkey}


def update(w: Simulator, *bodies: dict[str, str]) -> list[int | str]:
    """What each of several updates comes to."""
    return outcomes(ask(w, "PUT", PATH, json=list(bodies)))


def local(w: Simulator, name: str, **body: str) -> list[int | str]:
    """What the update of one comes to, by the path."""
    return outcomes(ask(w, "PUT", f"{PATH}/{w.certificate(name).uuid}", json=body))


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda w: update(w, {"name": "wild", **material()}), id="by name"),
        pytest.param(
            lambda w: update(w, {"uuid": w.certificate("wild").uuid, **material()}), id="by uuid"
        ),
        pytest.param(lambda w: local(w, "wild", **material()), id="by the path"),
        pytest.param(
            lambda w: outcomes(ask(w, "PUT", PATH, json={"name": "wild", **material()})),
            id="one object",
        ),
    ],
)
def test_the_renewal_of_a_wildcard(send: Callable[[Simulator], list[int | str]]) -> None:
    """The leaf is new; ids, creation and services are not."""
    w = world()
    before = w.certificate("wild")

    answer = send(w)
    after = w.certificate("wild")

    assert answer == ["success"]
    assert (after.serial_number, after.not_after) == ("0D", NOW + 300 * DAY)
    assert (after.uuid, after.created_at) == (before.uuid, before.created_at)
    assert after.service_groups == before.service_groups != ()


def test_the_answer_names_the_certificate() -> None:
    """Status, uuid and name, as a deletion's."""
    w = world()

    [item] = items(ask(w, "PUT", PATH, json=[{"name": "wild", **material()}]))

    assert item == {"status": "success", "uuid": w.certificate("wild").uuid, "name": "wild"}


@pytest.mark.parametrize(
    "group",
    [
        pytest.param(Group("a.example", name="a", age="6d", issuance="fails"), id="a failed one"),
        pytest.param(Group("a.example", name="a", age="5m", issuance="fails"), id="a pending one"),
        pytest.param(Group("a.example", name="a", expires_in="40d"), id="one that is renewed"),
        pytest.param(Group("a.example", name="a", expires_in="20d", renewal="fails"), id="late"),
    ],
)
def test_what_was_requested_is_manual_from_then_on(group: Group) -> None:
    """It is valid at once, and nobody renews it any more."""
    w = account(group)

    update(w, {"name": "a", **material(pair("a.example", serial=0x0D))})
    w.advance(400 * DAY)

    after = w.certificate("a")
    assert (after.state, after.renewal, after.serial_number) == ("valid", "manual", "0D")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"name": "nobody", **material()}, 8, id="an unknown name"),
        pytest.param({"uuid": NOBODY, **material()}, 8, id="an unknown uuid"),
        pytest.param({"uuid": NOBODY, "name": "wild", **material()}, 17, id="both ids"),
        pytest.param(material(), 13, id="no id"),
        pytest.param({"name": "lost", **material()}, 30, id="a leaf for another name"),
        pytest.param({"name": "wild", **material(), "chain": "x"}, 7, id="no chain"),
        pytest.param(
            {"name": "wild", **material(), "pkey": pair(number=9).pkey}, 7, id="another's key"
        ),
        pytest.param(
            {"name": "wild", **material(pair(begins=timedelta(days=-9), ends=timedelta(0)))},
            7,
            id="an expired leaf",
        ),
    ],
)
def test_an_update_that_fails_costs_itself(body: dict[str, str], code: int) -> None:
    """The one beside it is carried out; the answer is in the order of the request."""
    w = world()
    lost = w.certificate("lost")

    answer = update(w, body, {"name": "wild", **material()})

    assert answer == [code, "success"]
    assert (w.certificate("lost"), w.certificate("wild").serial_number) == (lost, "0D")


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param({"json": []}, (400, 13), id="none"),
        pytest.param({"json": "wild"}, (400, 16), id="a name alone"),
        pytest.param({"json": [{"name": "wild"}]}, (400, 7), id="no material"),
        pytest.param({"json": [{"name": "wild", **upload()}]}, (400, 7), id="an upload"),
        pytest.param({"json": [{"uuid": "wild", **material()}]}, (400, 7), id="no uuid"),
        pytest.param(
            {"json": [{"name": "wild", **material()}] * 254}, (400, 5), id="more than 253"
        ),
        pytest.param({"content": "{"}, (400, 16), id="no JSON"),
        pytest.param(
            {"params": {"name": "wild"}, "json": material()}, (400, 16), id="ids in the query"
        ),
    ],
)
def test_a_request_that_is_refused(
    request_: dict[str, Any], expected: tuple[int, int | None]
) -> None:
    """As a whole, and nothing changes."""
    w = world()
    before = w.certificates()

    assert expected == refused(ask(w, "PUT", PATH, **request_))
    assert before == w.certificates()


@pytest.mark.parametrize("path", [PATH, f"{PATH}/{NOBODY}"])
def test_generation_1_has_no_updates(path: str) -> None:
    """405, and `Allow` does not name them."""
    answer = ask(world(generation=1), "PUT", path, json=[{"name": "wild", **material()}])

    assert refused(answer) == (405, 2)
    assert "PUT" not in answer.headers["allow"]


def test_the_quota_does_not_matter() -> None:
    """An update adds nothing."""
    assert update(world(quota=2), {"name": "wild", **material()}) == ["success"]
