"""One row for every sentence of the specification that promises something about reading."""

from collections.abc import Callable

import pytest

from exporter.simulator import Simulator
from tests.simulator.simulated import ask, items, names, outcomes, refused
from tests.simulator.specified import (
    ALL,
    ISO8601,
    PATH,
    PENDING_SAMPLE,
    SAMPLE,
    UUID,
    Row,
    get,
    later,
    matches,
    one,
    specified,
    uuid,
)

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
        for section, sentence, observed, promised in STATES + GET + LIST
    ],
)
def test_the_specification(observed: Callable[[Simulator], object], promised: object) -> None:
    """What the specification says is so."""

    assert promised == observed(specified())
