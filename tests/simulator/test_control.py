"""The controls under /_sim/, and the same ones in Python."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from exporter.simulator import Simulator
from exporter.simulator.world.scenario import Group
from tests.simulator.simulated import DAY, NOW, account, ask

NOBODY = "00000000-0000-4000-8000-000000000000"


def world() -> Simulator:
    """One certificate in use, one unused, one about to be renewed."""
    return account(
        Group("used.example", name="used"),
        Group("unused.example", name="unused", service_groups=0),
        Group("due.example", name="due", expires_in="31d"),
        Group("*.wild.example", name="wild", source="upload"),
    )


def control(w: Simulator, method: str, path: str, **request: Any) -> httpx.Response:
    """A control, without a token."""
    return ask(w, method, f"/_sim{path}", token=None, **request)


def done(w: Simulator, path: str, **body: Any) -> Any:
    """What a control that succeeds gives."""
    answer = control(w, "POST", path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "success"), answer.text
    return answer.json()["data"]


def groups(w: Simulator, name: str) -> list[str]:
    """The services that use a certificate."""
    return [group.name for group in w.certificate(name).service_groups]


def after(w: Simulator, path: str, name: str, **body: Any) -> list[str]:
    """The services that use a certificate once a control was used."""
    done(w, path, **body)
    return groups(w, name)


Row = tuple[str, Callable[[Simulator], object], object]

CONTROLS: list[Row] = [
    (
        "what is simulated",
        lambda w: control(w, "GET", "").json()["data"],
        {
            "metro": "fra",
            "now": NOW,
            "time": "2024-06-05T19:06:10+00:00",
            "speed": 0,
            "certificates": 4,
        },
    ),
    (
        "the truth",
        lambda w: [c["name"] for c in control(w, "GET", "/certificates").json()["data"]],
        ["used", "unused", "due", "wild"],
    ),
    ("the clock, by a duration", lambda w: done(w, "/clock", by="1d12h")["now"] - NOW, 1.5 * DAY),
    ("the clock, by seconds", lambda w: done(w, "/clock", by=90)["now"] - NOW, 90),
    (
        "a fault and its end",
        lambda w: (
            done(w, "/faults", kind="hang", count=3),
            control(w, "GET", "/faults").json()["data"][0]["count"],
            control(w, "DELETE", "/faults").status_code,
            control(w, "GET", "/faults").json()["data"],
        ),
        (None, 3, 200, []),
    ),
    (
        "attach a service of that name",
        lambda w: after(w, "/attach", "unused", certificate="unused", service_group="web"),
        ["web"],
    ),
    (
        "attach one of any name",
        lambda w: len(after(w, "/attach", "used", certificate="used")),
        2,
    ),
    ("detach all", lambda w: after(w, "/detach", "used", certificate="used"), []),
    (
        "detach one, by name",
        lambda w: (
            after(w, "/attach", "unused", certificate="unused", service_group="web"),
            after(w, "/attach", "unused", certificate="unused", service_group="api"),
            done(w, "/detach", certificate="unused", service_group="web")[0]["name"],
        ),
        (["web"], ["web", "api"], "api"),
    ),
    (
        "detach one, by uuid",
        lambda w: after(
            w,
            "/detach",
            "used",
            certificate=w.certificate("used").uuid.upper(),
            service_group=w.certificate("used").service_groups[0].uuid,
        ),
        [],
    ),
    (
        "delete, attached or not",
        lambda w: (done(w, "/delete", certificate="used"), [c.name for c in w.certificates()]),
        (None, ["unused", "due", "wild"]),
    ),
    (
        "fail the next validation",
        lambda w: done(w, "/fail-next-validation", certificate="due", count=2),
        [NOW + DAY + 8, NOW + DAY + 121],
    ),
    (
        "request a certificate",
        lambda w: {
            key: value
            for key, value in done(
                w, "/request", common_name="New.example.", lifetime="6d", service_group="web"
            ).items()
            if key in {"common_name", "state", "attempt", "next"}
        },
        {"common_name": "new.example", "state": "pending", "attempt": 0, "next": NOW + 7},
    ),
    (
        "one that applies already is used",
        lambda w: done(w, "/request", common_name="a.wild.example")["name"],
        "wild",
    ),
]

REFUSED: list[tuple[str, tuple[str, str, Any], int]] = [
    ("an unknown control", ("GET", "/nothing", None), 404),
    ("a wrong method", ("GET", "/clock", None), 405),
    ("an unknown name", ("POST", "/delete", {"certificate": "nobody"}), 404),
    ("an unknown uuid", ("POST", "/attach", {"certificate": NOBODY}), 404),
    ("an unknown service", ("POST", "/detach", {"certificate": "used", "service_group": "x"}), 404),
    ("no certificate", ("POST", "/delete", {}), 400),
    ("an unknown field", ("POST", "/delete", {"certificate": "used", "force": True}), 400),
    ("a step back", ("POST", "/clock", {"by": "-1d"}), 400),
    ("no step", ("POST", "/clock", {"by": "soon"}), 400),
    (
        "a validation that never comes",
        ("POST", "/fail-next-validation", {"certificate": "wild"}),
        409,
    ),
    ("a wildcard on request", ("POST", "/request", {"common_name": "*.new.example"}), 409),
    ("a request for no domain", ("POST", "/request", {"common_name": "new example"}), 409),
]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [pytest.param(observed, expected, id=what) for what, observed, expected in CONTROLS],
)
def test_a_control(observed: Callable[[Simulator], object], expected: object) -> None:
    """It does what it says, without a token."""

    assert expected == observed(world())


@pytest.mark.parametrize(
    ("request_", "status"),
    [pytest.param(asked, status, id=what) for what, asked, status in REFUSED],
)
def test_a_control_that_is_refused(request_: tuple[str, str, Any], status: int) -> None:
    """In the API's envelope, and nothing changes."""
    method, path, body = request_
    w = world()
    before = w.certificates()

    answer = control(w, method, path, json=body)

    assert (status, "error") == (answer.status_code, answer.json()["status"])
    assert before == w.certificates()


def test_a_count_that_cannot_be() -> None:
    """In Python as over HTTP."""
    with pytest.raises(ValueError, match="expected 1 or more"):
        world().fail_next_validation("due", count=0)


def test_a_request_lives_as_long_as_it_says() -> None:
    """Six days, from the moment of its issuance."""
    w = world()
    w.request("new.example", lifetime="6d")

    w.advance(60)

    [new] = [c for c in w.certificates() if c.common_name == "new.example"]
    assert (new.not_before, new.not_after) == (NOW + 7, NOW + 7 + 6 * DAY - 1)
