"""What public clients know of the API beyond its specification, and the specification's errata."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.simulator import Scenario, Simulator
from exporter.simulator.world.scenario import Group
from tests.simulator.pki import upload
from tests.simulator.simulated import account, ask, items, names, outcomes, refused, simulator

PATH = "/v1/certificates"
NOBODY = "00000000-0000-4000-8000-000000000000"


def world(generation: int | None = None, **settings: Any) -> Simulator:
    """Five certificates, `c-1` the newest of them."""
    return account(
        *(Group(f"c-{n}.example", name=f"c-{n}", age=f"{n}d") for n in (3, 1, 5, 2, 4)),
        generation=generation,
        **settings,
    )


def uuid(w: Simulator, name: str) -> str:
    """The uuid of a name."""
    return w.certificate(name).uuid


def listed(w: Simulator, query: str) -> list[str]:
    """The names that a listing gives."""
    return names(ask(w, "GET", f"{PATH}{query}"))


def status(w: Simulator, query: str) -> str:
    """The envelope's status."""
    return str(ask(w, "GET", f"{PATH}{query}").json()["status"])


def message(w: Simulator, query: str) -> str | None:
    """The envelope's message."""
    envelope: dict[str, str] = ask(w, "GET", f"{PATH}{query}").json()
    return envelope.get("message")


def created(w: Simulator, name: str) -> str:
    """The creation time of a name, as the API writes it."""
    return str(items(ask(w, "GET", f"{PATH}?name={name}"))[0]["created_at"])


Row = tuple[str, Callable[[Simulator], object], object]

ERRATA: list[Row] = [
    (
        "an upload with a trailing slash",
        lambda w: ask(w, "POST", f"{PATH}/", json=upload()).status_code,
        200,
    ),
    (
        "an upload's example as printed is not JSON",
        lambda w: refused(ask(w, "POST", f"{PATH}/", content="{'name': 'my-certificate'}")),
        (400, 16),
    ),
    ("a GET with a trailing slash", lambda w: len(listed(w, "/")), 5),
    (
        "the look-up by common name is not at /v1/services/list",
        lambda w: refused(ask(w, "GET", "/v1/services/list")),
        (404, 3),
    ),
    (
        "but at /v1/certificates/list",
        lambda w: names(ask(w, "GET", f"{PATH}/list", json={"common_name": "C-2.Example."})),
        ["c-2"],
    ),
    (
        "the sample of a list is whole JSON",
        lambda w: list(ask(w, "GET", f"{PATH}/list").json()),
        ["status", "data"],
    ),
    (
        "common_name is what newer clients call cn",
        lambda w: (
            ask(w, "POST", PATH, json=upload(cn=None, common_name="*.example.com")).is_success
        ),
        True,
    ),
    (
        "cn and common_name may agree",
        lambda w: ask(w, "POST", PATH, json=upload(common_name="*.example.com")).is_success,
        True,
    ),
    (
        "cn and common_name may not differ",
        lambda w: refused(ask(w, "POST", PATH, json=upload(common_name="*.example.org"))),
        (400, 17),
    ),
]
ENVELOPE: list[Row] = [
    ("success", lambda w: status(w, "?name=c-1"), "success"),
    ("partial_success", lambda w: status(w, "?name=c-1,nobody"), "partial_success"),
    ("error, where every item failed", lambda w: status(w, "?name=nobody,no-one"), "error"),
    (
        "a message of its own, whatever its items say",
        lambda w: [message(w, f"?name={names}") for names in ("c-1", "c-1,nobody", "nobody")],
        [None, "Failed to perform all operations", "Failed to perform all operations"],
    ),
    (
        "failed items stay HTTP 200",
        lambda w: items(ask(w, "GET", f"{PATH}?uuid={NOBODY}")),
        [
            {
                "status": "error",
                "uuid": NOBODY,
                "message": f"No certificate with uuid {NOBODY}",
                "error": 8,
            }
        ],
    ),
    (
        "in local scope too",
        lambda w: outcomes(ask(w, "GET", f"{PATH}/{NOBODY}")),
        [8],
    ),
    (
        "data has exactly one key",
        lambda w: list(ask(w, "GET", PATH).json()["data"]),
        ["certificates"],
    ),
    (
        "results in request order, repeated where the request repeats",
        lambda w: names(ask(w, "GET", f"{PATH}?name=c-4,nobody,c-1,c-4")),
        ["c-4", "nobody", "c-1", "c-4"],
    ),
    (
        "a name given as a uuid",
        lambda w: ask(w, "GET", f"{PATH}?uuid=c-1").json()["message"],
        "Invalid uuid 'c-1'",
    ),
    (
        "a name given as a uuid in a body",
        lambda w: refused(ask(w, "GET", PATH, json=[{"uuid": "x"}])),
        (400, 7),
    ),
    ("a name in local scope", lambda w: refused(ask(w, "GET", f"{PATH}/c-1")), (400, 7)),
    ("uuids in upper case", lambda w: listed(w, f"?uuid={uuid(w, 'c-1').upper()}"), ["c-1"]),
    ("253 in one request", lambda w: len(listed(w, "?name=" + ",".join(["c-1"] * 253))), 253),
    (
        "254 in one request",
        lambda w: refused(ask(w, "GET", f"{PATH}?name=" + ",".join(["c-1"] * 254))),
        (400, 5),
    ),
    (
        "254 in one body",
        lambda w: refused(ask(w, "GET", PATH, json=[{"name": "c-1"}] * 254)),
        (400, 5),
    ),
    ("a body of one object", lambda w: names(ask(w, "GET", PATH, json={"name": "c-1"})), ["c-1"]),
    ("a body of none", lambda w: refused(ask(w, "GET", PATH, json=[])), (400, 13)),
    ("a body of something else", lambda w: refused(ask(w, "GET", PATH, json="c-1")), (400, 16)),
    (
        "a body with an unknown key",
        lambda w: refused(ask(w, "GET", PATH, json=[{"id": 1}])),
        (400, 7),
    ),
    (
        "ids in the query and in the body",
        lambda w: refused(ask(w, "GET", f"{PATH}?name=c-1", json=[{"name": "c-2"}])),
        (400, 16),
    ),
    (
        "a body in local scope",
        lambda w: refused(ask(w, "GET", f"{PATH}/{NOBODY}", json=[])),
        (400, 14),
    ),
    (
        "an escaped comma separates nothing",
        lambda w: outcomes(ask(w, "GET", f"{PATH}?name=c-1%2Cc-2")),
        [8],
    ),
    ("an empty name", lambda w: refused(ask(w, "GET", f"{PATH}?name=c-1,,c-2")), (400, 7)),
    ("a query that is not UTF-8", lambda w: refused(ask(w, "GET", f"{PATH}?name=%ff")), (400, 16)),
    ("an unknown parameter", lambda w: refused(ask(w, "GET", f"{PATH}?state=valid")), (400, 16)),
    ("an ill-typed parameter", lambda w: refused(ask(w, "GET", f"{PATH}?details=yes")), (400, 7)),
    (
        "a parameter given twice",
        lambda w: refused(ask(w, "GET", f"{PATH}?details=true&details=true")),
        (400, 16),
    ),
    (
        "an unknown filter",
        lambda w: refused(ask(w, "GET", f"{PATH}/list", json={"state": "valid"})),
        (400, 7),
    ),
    (
        "an ill-typed filter",
        lambda w: refused(ask(w, "GET", f"{PATH}/list", json={"common_name": 1})),
        (400, 7),
    ),
    (
        "a null filter",
        lambda w: refused(ask(w, "GET", f"{PATH}/list", json={"common_name": None})),
        (400, 7),
    ),
    (
        "a filter in the query",
        lambda w: refused(ask(w, "GET", f"{PATH}/list?common_name=a")),
        (400, 16),
    ),
    (
        "a body that is not JSON",
        lambda w: refused(ask(w, "GET", f"{PATH}/list", content="{")),
        (400, 16),
    ),
    ("no token", lambda w: refused(ask(w, "GET", PATH, token=None)), (401, None)),
    ("a bad token", lambda w: refused(ask(w, "GET", PATH, token="secret2")), (401, None)),
    (
        "another scheme",
        lambda w: refused(
            ask(w, "GET", PATH, token=None, headers={"authorization": "Basic secret"})
        ),
        (401, None),
    ),
    (
        "the scheme's case",
        lambda w: (
            ask(w, "GET", PATH, token=None, headers={"authorization": "bearer secret"}).status_code
        ),
        200,
    ),
    ("an unknown path", lambda w: refused(ask(w, "GET", "/v1/certificate")), (404, 3)),
    ("a wrong method", lambda w: refused(ask(w, "PATCH", PATH)), (405, 2)),
    ("which are right", lambda w: ask(w, "PATCH", PATH).headers["allow"], "GET, POST, PUT, DELETE"),
    (
        "a wrong method on a certificate",
        lambda w: ask(w, "POST", f"{PATH}/{NOBODY}").headers["allow"],
        "GET, PUT, DELETE",
    ),
    (
        "a wrong method on the list",
        lambda w: ask(w, "POST", f"{PATH}/list").headers["allow"],
        "GET",
    ),
    (
        "HEAD has no body",
        lambda w: (ask(w, "HEAD", PATH).status_code, ask(w, "HEAD", PATH).content),
        (405, b""),
    ),
    (
        "a body over the limit",
        lambda w: refused(ask(w, "POST", PATH, content=b" " * (1 << 20) + b"1")),
        (413, None),
    ),
    (
        "a body at the limit",
        lambda w: refused(ask(w, "POST", PATH, content=b"1" * (1 << 20))),
        (400, 16),
    ),
]
PAGING: list[Row] = [
    ("count=0 is all", lambda w: len(listed(w, "?count=0")), 5),
    ("count", lambda w: listed(w, "?count=2"), ["c-3", "c-1"]),
    ("from is inclusive", lambda w: listed(w, f"?from={uuid(w, 'c-2')}"), ["c-2", "c-4"]),
    ("from and count", lambda w: listed(w, f"?count=2&from={uuid(w, 'c-1')}"), ["c-1", "c-5"]),
    ("from one that is gone", lambda w: listed(w, f"?from={NOBODY}"), []),
    ("from in upper case", lambda w: listed(w, f"?from={uuid(w, 'c-4').upper()}"), ["c-4"]),
    (
        "from a time, inclusive: by creation",
        lambda w: listed(w, f"?from={created(w, 'c-3')}"),
        ["c-3", "c-2", "c-1"],
    ),
    (
        "from a time between two",
        lambda w: listed(w, "?from=2024-06-03T00:00:00%2B02:00&count=1"),
        ["c-2"],
    ),
    (
        "from a time, the newest first",
        lambda w: listed(w, f"?order=desc&from={created(w, 'c-3')}"),
        ["c-3", "c-4", "c-5"],
    ),
    ("from a time to come", lambda w: listed(w, "?from=2025-01-01T00:00:00Z"), []),
    (
        "from a time without its zone",
        lambda w: refused(ask(w, "GET", f"{PATH}?from=2024-06-03T00:00:00")),
        (400, 7),
    ),
    ("order=asc", lambda w: listed(w, "?order=asc"), ["c-5", "c-4", "c-3", "c-2", "c-1"]),
    ("order=desc", lambda w: listed(w, "?order=desc"), ["c-1", "c-2", "c-3", "c-4", "c-5"]),
    ("sortby", lambda w: listed(w, "?sortby=create_time"), ["c-5", "c-4", "c-3", "c-2", "c-1"]),
    (
        "all of them",
        lambda w: listed(w, f"?sortby=create_time&order=desc&count=2&from={uuid(w, 'c-3')}"),
        ["c-3", "c-4"],
    ),
    (
        "without details",
        lambda w: [list(c) for c in items(ask(w, "GET", f"{PATH}?count=1&details=false"))],
        [["uuid", "name"]],
    ),
    ("a negative count", lambda w: refused(ask(w, "GET", f"{PATH}?count=-1")), (400, 7)),
    ("a count in words", lambda w: refused(ask(w, "GET", f"{PATH}?count=two")), (400, 7)),
    ("an unknown order", lambda w: refused(ask(w, "GET", f"{PATH}?order=up")), (400, 7)),
    ("an unknown key", lambda w: refused(ask(w, "GET", f"{PATH}?sortby=name")), (400, 7)),
    ("from a name", lambda w: refused(ask(w, "GET", f"{PATH}?from=c-1")), (400, 7)),
    ("with ids", lambda w: refused(ask(w, "GET", f"{PATH}?count=1&name=c-1")), (400, 16)),
    (
        "with a body",
        lambda w: refused(ask(w, "GET", f"{PATH}?count=1", json=[{"name": "c-1"}])),
        (400, 16),
    ),
]


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(observed, expected, id=fact)
        for fact, observed, expected in ERRATA + ENVELOPE + PAGING
    ],
)
def test_the_wire(observed: Callable[[Simulator], object], expected: object) -> None:
    """Real clients of either generation are served, and what nobody promised is refused."""

    assert expected == observed(world())


@pytest.mark.parametrize("field", ["cn", "common_name"])
@pytest.mark.parametrize(
    ("generation", "domain", "expected"),
    [
        pytest.param(1, "*.example.com", 200, id="1: without a dot"),
        pytest.param(1, "*.example.com.", 200, id="1: with a dot"),
        pytest.param(2, "*.example.com", 400, id="2: without a dot"),
        pytest.param(2, "*.example.com.", 200, id="2: with a dot"),
        pytest.param(None, "*.example.com", 200, id="both: without a dot"),
        pytest.param(None, "*.example.com.", 200, id="both: with a dot"),
    ],
)
def test_the_dot_of_a_fully_qualified_name(
    generation: int | None, domain: str, field: str, expected: int
) -> None:
    """Generation 2 insists on it in an upload; what it reports has none."""
    w = world(generation)
    body = upload(name="wild", **{"cn": None, field: domain})

    answer = ask(w, "POST", PATH, json=body)

    assert answer.status_code == expected
    assert [c.common_name for c in w.certificates() if c.name == "wild"] == (
        ["*.example.com"] if expected == 200 else []
    )


LIST = "/list"
COMMAS = "?name=c-1,c-2"
REPEATED = "?name=c-1&name=c-2"
PAGE = "?count=1"


@pytest.mark.parametrize(
    ("generation", "query", "expected"),
    [
        pytest.param(1, LIST, 200, id="1: the list"),
        pytest.param(2, LIST, 404, id="2: the list is gone"),
        pytest.param(None, LIST, 200, id="both: the list"),
        pytest.param(1, COMMAS, ["success", "success"], id="1: ids with commas"),
        pytest.param(2, COMMAS, [8], id="2: a comma is a part of the id"),
        pytest.param(None, COMMAS, ["success", "success"], id="both: ids with commas"),
        pytest.param(1, REPEATED, 400, id="1: repeated ids are refused"),
        pytest.param(2, REPEATED, ["success", "success"], id="2: repeated ids"),
        pytest.param(None, REPEATED, ["success", "success"], id="both: repeated ids"),
        pytest.param(1, PAGE, 400, id="1: there are no pages"),
        pytest.param(2, PAGE, 200, id="2: pages"),
        pytest.param(None, PAGE, 200, id="both: pages"),
    ],
)
def test_a_generation_answers_its_own_clients_only(
    generation: int | None, query: str, expected: object
) -> None:
    """A client of one generation meets what a server of the other says to it."""
    answer = ask(world(generation), "GET", f"{PATH}{query}")

    assert expected == (answer.status_code if isinstance(expected, int) else outcomes(answer))


def test_an_argument_outweighs_the_scenario() -> None:
    """The generation of the argument, where both name one."""
    scenario = Scenario(certificates=(), generation=2)

    answer = ask(simulator(scenario, generation=1), "GET", f"{PATH}/list")

    assert items(answer) == []
