"""One row for every sentence of the specification that promises something about changes."""

from collections.abc import Callable

import pytest

from exporter.simulator import Simulator
from tests.simulator.pki import upload
from tests.simulator.simulated import ask, items, names, refused
from tests.simulator.specified import (
    ALL,
    PATH,
    SAMPLE,
    UUID,
    Row,
    deleted,
    gone,
    later,
    matches,
    one,
    posted,
    specified,
    uuid,
    without,
)

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


@pytest.mark.parametrize(
    ("observed", "promised"),
    [
        pytest.param(observed, promised, id=f"{section}: {sentence}")
        for section, sentence, observed, promised in CUSTOM_DOMAINS + ENDPOINTS + UPLOAD + DELETE
    ],
)
def test_the_specification(observed: Callable[[Simulator], object], promised: object) -> None:
    """What the specification says is so."""

    assert promised == observed(specified())
