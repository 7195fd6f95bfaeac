"""One row for every sentence of the specification that promises something."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from exporter.simulator import Simulator
from exporter.simulator.scenario import Group
from tests.simulator.pki import upload
from tests.simulator.simulated import DAY, account, ask, items, names, outcomes, refused

PATH = "/v1/certificates"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ISO8601 = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"


def specified() -> Simulator:
    """An account with one certificate of each kind that the specification speaks of."""
    return account(
        Group("example.com", name="in-use"),
        Group("pending.example.com", name="pending", age="5m", issuance="fails"),
        Group("lost.example.com", name="lost", age="6d", issuance="fails"),
        Group("renewing.example.com", name="renewing", expires_in="29d9h", renewal="fails"),
        Group("unused.example.com", name="unused", source="upload", service_groups=0),
        Group("*.example.org", name="wildcard", source="upload", service_groups=2),
    )


def get(world: Simulator, query: str = "", **request: Any) -> list[dict[str, Any]]:
    """The items of a `GET /v1/certificates`, after whatever follows the path."""
    return items(ask(world, "GET", f"{PATH}{query}", **request))


def one(world: Simulator, name: str) -> dict[str, Any]:
    """The item of one name."""
    [found] = get(world, f"?name={name}")
    return found


def uuid(world: Simulator, name: str) -> str:
    """The uuid of one name."""
    return world.certificate(name).uuid


def later(world: Simulator, days: int) -> Simulator:
    """The same world after so many days."""
    world.advance(days * DAY)
    return world


def posted(world: Simulator, **overrides: Any) -> dict[str, Any]:
    """The item that an upload answers with."""
    [found] = items(ask(world, "POST", PATH, json=upload(**overrides)))
    return found


def without(field: str) -> Callable[[Simulator], object]:
    """An upload that lacks a field."""
    return lambda w: refused(ask(w, "POST", PATH, json=upload(**{field: None})))


def matches(pattern: str, text: object) -> bool:
    """Whether the whole text has that form."""
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def deleted(world: Simulator, suffix: str, **request: Any) -> tuple[list[int | str], list[str]]:
    """What a deletion answered for each item, and the names that are left of the deletable."""
    answer = outcomes(ask(world, "DELETE", f"{PATH}{suffix}", **request))
    return answer, [name for name in names(ask(world, "GET", PATH)) if name in {"unused", "in-use"}]


def gone(world: Simulator) -> tuple[list[int | str], list[int | str]]:
    """What both ids of a deleted certificate answer."""
    identity = uuid(world, "unused")
    ask(world, "DELETE", f"{PATH}/{identity}")
    query = f"{PATH}?uuid={identity}&name=unused"
    return outcomes(ask(world, "GET", query)), outcomes(ask(world, "GET", f"{PATH}/{identity}"))


ALL = ["in-use", "pending", "lost", "renewing", "unused", "wildcard"]
SAMPLE = [
    "status",
    "uuid",
    "name",
    "created_at",
    "common_name",
    "state",
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "service_groups",
]
PENDING_SAMPLE = [*SAMPLE[:6], "validation", "service_groups"]

Row = tuple[str, str, Callable[[Simulator], object], object]

CUSTOM_DOMAINS: list[Row] = [
    (
        "Certificates for Custom Domains",
        "check if any of your existing certificates applies to the domain",
        lambda w: (w.request("example.com").name, w.request("shop.example.org").name),
        ("in-use", "wildcard"),
    ),
    (
        "Certificates for Custom Domains",
        "and if not request one using Let's Encrypt",
        lambda w: (
            w.request("new.example.net").state,
            "O=Let's Encrypt" in str(later(w, 1).certificates()[-1].issuer),
        ),
        ("pending", True),
    ),
    (
        "Certificates for Custom Domains",
        "For wildcard domains you have to supply your own certificate",
        lambda w: refused(ask(w, "POST", "/_sim/request", json={"common_name": "*.example.net"})),
        (409, None),
    ),
]
STATES: list[Row] = [
    (
        "Certificate States",
        "A certificate can be in one of the following states: pending, valid, error",
        lambda w: {c["state"] for c in get(w)},
        {"pending", "valid", "error"},
    ),
    (
        "Certificate States",
        "pending: while the certificate is being requested from the certification authority",
        lambda w: (one(w, "pending")["state"], one(w, "pending").get("not_after")),
        ("pending", None),
    ),
    (
        "Certificate States",
        "any service using this certificate is not available if this is not a renewal",
        lambda w: (one(w, "renewing")["state"], matches(ISO8601, one(w, "renewing")["not_after"])),
        ("pending", True),
    ),
    (
        "Certificate States",
        "valid: can be used by your services",
        lambda w: (one(w, "in-use")["state"], len(one(w, "in-use")["service_groups"])),
        ("valid", 1),
    ),
    (
        "Certificate States",
        "error: The certificate request failed after multiple attempts",
        lambda w: [one(later(w, days), "pending")["state"] for days in (0, 3, 1)],
        ["pending", "pending", "error"],
    ),
    (
        "Certificate States",
        "error: There won't be any further automatic attempts",
        lambda w: (one(later(w, 900), "lost")["state"], "validation" in one(w, "lost")),
        ("error", False),
    ),
]
ENDPOINTS: list[Row] = [
    (
        "API Endpoints",
        "POST /v1/certificates uploads an existing certificate",
        lambda w: ask(w, "POST", PATH, json=upload()).status_code,
        200,
    ),
    (
        "API Endpoints",
        "GET /v1/certificates returns the current state and properties of certificates",
        lambda w: names(ask(w, "GET", PATH)),
        ALL,
    ),
    (
        "API Endpoints",
        "DELETE /v1/certificates deletes the specified certificates",
        lambda w: deleted(w, "?name=unused"),
        (["success"], ["in-use"]),
    ),
    (
        "API Endpoints",
        "GET /v1/certificates/list lists all existing certificates",
        lambda w: names(ask(w, "GET", f"{PATH}/list")),
        ALL,
    ),
]
UPLOAD: list[Row] = [
    (
        "Uploading: body",
        "name: the name of the certificate to upload",
        lambda w: posted(w, name="chosen")["name"],
        "chosen",
    ),
    ("Uploading: body", "cn: required", without("cn"), (400, 7)),
    ("Uploading: body", "chain: required", without("chain"), (400, 7)),
    ("Uploading: body", "pkey: required", without("pkey"), (400, 7)),
    (
        "Uploading: note 1",
        "If no name is specified a random name of the form <cn>-X is auto-generated",
        lambda w: matches(r"\*?\.?example\.com-.*", posted(w, name=None)["name"]),
        True,
    ),
    (
        "Uploading: note 1",
        "X is a 5 character long random alphanumeric suffix",
        lambda w: matches(r".*-[0-9A-Za-z]{5}", posted(w, name=None)["name"]),
        True,
    ),
    (
        "Uploading: note 1",
        "For wildcard domains the wildcard part is cut off",
        lambda w: posted(w, name=None)["name"].startswith("example.com-"),
        True,
    ),
    (
        "Uploading: response",
        "uuid: UUID of the certificate; name: Name of the certificate",
        lambda w: {key: matches(f"{UUID}|my-upload", v) for key, v in posted(w).items()},
        {"uuid": True, "name": True},
    ),
    (
        "Uploading: response",
        "the certificate is there, valid, with what the leaf says",
        lambda w: (posted(w)["name"], one(w, "my-upload")["state"], list(one(w, "my-upload"))),
        ("my-upload", "valid", SAMPLE),
    ),
]
GET: list[Row] = [
    (
        "Getting: endpoints",
        "GET /v1/certificates/<UUID>",
        lambda w: [c["name"] for c in get(w, f"/{uuid(w, 'lost')}")],
        ["lost"],
    ),
    (
        "Getting: query",
        "details: whether to provide detailed status and configuration; default true",
        lambda w: get(w) == get(w, "?details=true"),
        True,
    ),
    (
        "Getting: query",
        "details=false",
        lambda w: [list(c) for c in get(w, "?details=false")],
        [["uuid", "name"]] * 6,
    ),
    (
        "Getting: query",
        "details=false in local scope",
        lambda w: [list(c) for c in get(w, f"/{uuid(w, 'lost')}?details=false")],
        [["status", "uuid", "name"]],
    ),
    (
        "Getting: query",
        "name: Names of certificates to return as comma-separated list",
        lambda w: [c["name"] for c in get(w, "?name=lost,in-use")],
        ["lost", "in-use"],
    ),
    (
        "Getting: query",
        "uuid: UUIDs of certificates to return as comma-separated list",
        lambda w: [c["name"] for c in get(w, f"?uuid={uuid(w, 'lost')},{uuid(w, 'in-use')}")],
        ["lost", "in-use"],
    ),
    (
        "Getting: note 1",
        "name: Not allowed in local scope",
        lambda w: refused(ask(w, "GET", f"{PATH}/{uuid(w, 'lost')}?name=lost")),
        (400, 16),
    ),
    (
        "Getting: note 1",
        "uuid: Not allowed in local scope",
        lambda w: refused(ask(w, "GET", f"{PATH}/{uuid(w, 'lost')}?uuid={uuid(w, 'lost')}")),
        (400, 16),
    ),
    (
        "Getting: body",
        "uuid | name: UUID or name of the certificate to get the status for",
        lambda w: [
            c["name"] for c in get(w, json=[{"uuid": uuid(w, "wildcard")}, {"name": "lost"}])
        ],
        ["wildcard", "lost"],
    ),
    (
        "Getting: note 2",
        "You need to specify either uuid or name within the same body object",
        lambda w: outcomes(
            ask(w, "GET", PATH, json=[{"uuid": uuid(w, "lost"), "name": "lost"}, {}])
        ),
        [17, 13],
    ),
    (
        "Getting: response",
        "status: success on success",
        lambda w: outcomes(ask(w, "GET", f"{PATH}?name=lost")),
        ["success"],
    ),
    (
        "Getting: response",
        "status: or error if the request failed",
        lambda w: get(w, "?name=nobody")[0],
        {"status": "error", "name": "nobody", "message": "No certificate with name nobody"}
        | {"error": 8},
    ),
    (
        "Getting: response, note 1",
        "status: Not when listing all existing certificates",
        lambda w: [c for c in get(w) if "status" in c],
        [],
    ),
    (
        "Getting: response",
        "uuid: UUID of the certificate",
        lambda w: [matches(UUID, c["uuid"]) for c in get(w)],
        [True] * 6,
    ),
    (
        "Getting: response",
        "created_at: Date and time of creation in ISO8601",
        lambda w: [matches(ISO8601, c["created_at"]) for c in get(w)],
        [True] * 6,
    ),
    (
        "Getting: response",
        "common_name: Common name of the certificate",
        lambda w: one(w, "wildcard")["common_name"],
        "*.example.org",
    ),
    (
        "Getting: response",
        "validation: Validation status (only while pending)",
        lambda w: [c["name"] for c in get(w) if "validation" in c],
        ["pending", "renewing"],
    ),
    (
        "Getting: response",
        "attempt: Number of validation attempts made",
        lambda w: one(w, "pending")["validation"]["attempt"],
        2,
    ),
    (
        "Getting: response",
        "next: Date and time of next validation attempt in ISO8601",
        lambda w: (one(w, "pending")["created_at"], one(w, "pending")["validation"]["next"]),
        ("2024-06-05T19:01:10Z", "2024-06-05T19:11:10Z"),
    ),
    (
        "Getting: response",
        "subject: Certificate subject",
        lambda w: one(w, "in-use")["subject"],
        "CN=example.com",
    ),
    (
        "Getting: response",
        "issuer: Certificate issuer (usually Let's Encrypt)",
        lambda w: matches(r"CN=[RE][0-9]+,O=Let's Encrypt,C=US", one(w, "in-use")["issuer"]),
        True,
    ),
    (
        "Getting: response",
        "serial_number: Certificate serial number",
        lambda w: matches(r"0[34][0-9A-F]{34}", one(w, "in-use")["serial_number"]),
        True,
    ),
    (
        "Getting: response",
        "not_before, not_after: in ISO8601",
        lambda w: [matches(ISO8601, one(w, "in-use")[f"not_{end}"]) for end in ("before", "after")],
        [True, True],
    ),
    (
        "Getting: response",
        "service_groups: Services using this certificate, each with uuid and name",
        lambda w: [list(group) for group in one(w, "wildcard")["service_groups"]],
        [["uuid", "name"]] * 2,
    ),
    (
        "Getting: response",
        "service_groups: array of objects, also where nothing uses it",
        lambda w: one(w, "unused")["service_groups"],
        [],
    ),
    (
        "Getting: sample",
        "Status 200 OK",
        lambda w: list(one(w, "in-use")),
        SAMPLE,
    ),
    (
        "Getting: sample",
        "Status 200 OK - Certificate Request Pending",
        lambda w: list(one(w, "pending")),
        PENDING_SAMPLE,
    ),
    (
        "Getting: sample",
        "embedded in a JSON object as described in API Responses",
        lambda w: {k: type(v) for k, v in ask(w, "GET", f"{PATH}?name=lost").json().items()},
        {"status": str, "data": dict},
    ),
]
DELETE: list[Row] = [
    (
        "Deleting",
        "Deletes the specified certificate",
        lambda w: deleted(w, f"/{uuid(w, 'unused')}"),
        (["success"], ["in-use"]),
    ),
    (
        "Deleting",
        "Fails if the certificate is still attached to a service",
        lambda w: deleted(w, f"/{uuid(w, 'in-use')}"),
        ([15], ["in-use", "unused"]),
    ),
    (
        "Deleting",
        "After this call the IDs associated with the certificate are no longer valid",
        gone,
        ([8, 8], [8]),
    ),
    (
        "Deleting: query",
        "name: as comma-separated list",
        lambda w: deleted(w, "?name=unused,in-use"),
        (["success", 15], ["in-use"]),
    ),
    (
        "Deleting: query",
        "uuid: as comma-separated list",
        lambda w: deleted(w, f"?uuid={uuid(w, 'in-use')},{uuid(w, 'unused')}"),
        ([15, "success"], ["in-use"]),
    ),
    (
        "Deleting: note 1",
        "name: Not allowed in local scope",
        lambda w: refused(ask(w, "DELETE", f"{PATH}/{uuid(w, 'unused')}?name=unused")),
        (400, 16),
    ),
    (
        "Deleting: body",
        "uuid | name: UUID or name of the certificate to delete",
        lambda w: deleted(w, "", json=[{"name": "unused"}, {"uuid": uuid(w, "in-use")}]),
        (["success", 15], ["in-use"]),
    ),
    (
        "Deleting: note 2",
        "either uuid or name within the same body object",
        lambda w: deleted(w, "", json=[{"name": "unused", "uuid": uuid(w, "unused")}]),
        ([17], ["in-use", "unused"]),
    ),
    (
        "Deleting: body",
        "Required",
        lambda w: refused(ask(w, "DELETE", PATH)),
        (400, 13),
    ),
    (
        "Deleting: response",
        "status, uuid, name",
        lambda w: list(items(ask(w, "DELETE", f"{PATH}?name=unused"))[0]),
        ["status", "uuid", "name"],
    ),
]
LIST: list[Row] = [
    (
        "List: request",
        "You can filter by common name",
        lambda w: names(ask(w, "GET", f"{PATH}/list", json={"common_name": "example.com"})),
        ["in-use"],
    ),
    (
        "List: request",
        "The returned certificates fulfill all provided filter criteria",
        lambda w: names(ask(w, "GET", f"{PATH}/list", json={"common_name": "nobody.example"})),
        [],
    ),
    (
        "List: request",
        "No particular value is assumed if a filter is not part of the request",
        lambda w: names(ask(w, "GET", f"{PATH}/list", json={})),
        ALL,
    ),
    (
        "List: response",
        "uuid, name",
        lambda w: [list(c) for c in items(ask(w, "GET", f"{PATH}/list"))],
        [["uuid", "name"]] * 6,
    ),
]


@pytest.mark.parametrize(
    ("observed", "promised"),
    [
        pytest.param(observed, promised, id=f"{section}: {sentence}")
        for section, sentence, observed, promised in (
            CUSTOM_DOMAINS + STATES + ENDPOINTS + UPLOAD + GET + DELETE + LIST
        )
    ],
)
def test_the_specification(observed: Callable[[Simulator], object], promised: object) -> None:
    """What the specification says is so."""

    assert promised == observed(specified())
