"""Uploads: what is accepted, what is refused, and what openssl reads in them."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from exporter.simulator import Clock
from tests.simulator.pki import Pair, chain, pair, upload
from tests.simulator.simulated import account, ask, items, refused, simulator
from tests.world.tools import need

PATH = "/v1/certificates"
NO_DER = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
EC_PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def of(leaf: Pair, **overrides: Any) -> dict[str, Any]:
    """The upload of a certificate without a chain."""
    return upload(**{"chain": leaf.pem, "pkey": leaf.pkey, **overrides})


def links(*positions: int) -> str:
    """The chain's certificates in that order: 0 the leaf, 1 the intermediate, 2 the root."""
    return "".join(chain()[position].pem for position in positions)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(upload, id="a leaf and its issuer"),
        pytest.param(lambda: upload(chain=links(0, 1, 2)), id="up to the root"),
        pytest.param(lambda: upload(chain=links(2, 0, 1)), id="in any order"),
        pytest.param(lambda: upload(chain=links(0)), id="the leaf alone"),
        pytest.param(lambda: upload(chain=links(0, 1).replace("\n", "\r\n")), id="CRLF"),
        pytest.param(lambda: of(pair(kind="rsa2048")), id="RSA"),
        pytest.param(lambda: of(pair(), cn="*.example.com."), id="a trailing dot"),
        pytest.param(lambda: of(pair("*.Example.COM"), cn="*.example.com"), id="upper case"),
        pytest.param(lambda: of(pair("x", sans=("*.example.com",))), id="an alternative name"),
        pytest.param(lambda: of(pair(None, sans=("*.example.com",))), id="no common name"),
        pytest.param(lambda: of(pair(begins=timedelta(days=2))), id="not yet valid"),
        pytest.param(
            lambda: of(pair(), pkey=pair().key_as(PrivateFormat.TraditionalOpenSSL)), id="SEC 1"
        ),
        pytest.param(
            lambda: of(pair(), pkey=EC_PARAMETERS + pair().pkey), id="EC parameters beside the key"
        ),
    ],
)
def test_accepted(body: Callable[[], dict[str, Any]]) -> None:
    """What is a chain for the name, with its key, is valid at once."""
    world = account()

    answer = ask(world, "POST", PATH, json=body())

    assert answer.status_code == 200, answer.text
    assert [c.state for c in world.certificates()] == ["valid"]


@pytest.mark.parametrize(
    ("body", "status", "code", "reason"),
    [
        pytest.param(lambda: upload(chain="x"), 400, 7, "chain: expected", id="no PEM"),
        pytest.param(lambda: upload(chain=links(0) + "x"), 400, 7, "nothing else", id="more"),
        pytest.param(lambda: upload(chain=links(0) * 11), 400, 5, "more than 10", id="eleven"),
        pytest.param(
            lambda: upload(chain=NO_DER),
            400,
            7,
            "1 cannot",
            id="DER",
        ),
        pytest.param(
            lambda: upload(chain=links(0) + chain()[0].pkey), 400, 7, "2 cannot", id="a key in it"
        ),
        pytest.param(lambda: upload(chain=links(0, 2)), 400, 7, "no certificate", id="a gap"),
        pytest.param(lambda: upload(chain=links(0, 0)), 400, 7, "no certificate", id="twice"),
        pytest.param(
            lambda: upload(chain=links(0) + pair("Intermediate", number=9, authority=True).pem),
            400,
            7,
            "no certificate",
            id="an issuer of the same name",
        ),
        pytest.param(
            lambda: (
                of(pair(number=6, issuer=pair("x", number=5)), chain=None)
                | {
                    "chain": pair(number=6, issuer=pair("x", number=5)).pem
                    + pair("x", number=5).pem
                }
            ),
            400,
            7,
            "no certificate",
            id="an issuer that is no authority",
        ),
        pytest.param(
            lambda: upload(pkey=pair(number=9).pkey), 400, 7, "not the key", id="another key"
        ),
        pytest.param(lambda: upload(pkey="x"), 400, 7, "pkey: expected one", id="no key"),
        pytest.param(
            lambda: upload(pkey=chain()[0].pkey * 2), 400, 7, "pkey: expected one", id="two keys"
        ),
        pytest.param(
            lambda: upload(pkey=chain()[0].key_as(PrivateFormat.PKCS8, b"password")),
            400,
            7,
            "pkey: expected one",
            id="an encrypted key",
        ),
        pytest.param(
            lambda: upload(pkey=chain()[0].pkey[:60] + "AAAA" + chain()[0].pkey[64:]),
            400,
            7,
            "pkey: expected one",
            id="a broken key",
        ),
        pytest.param(lambda: of(pair(kind="ed25519")), 400, 7, "RSA or ECDSA", id="Ed25519"),
        pytest.param(lambda: of(pair(kind="rsa1024")), 400, 7, "1024 bits", id="short RSA"),
        pytest.param(lambda: of(pair(kind="p192")), 400, 7, "192 bits", id="short ECDSA"),
        pytest.param(lambda: upload(cn="example.com"), 400, 30, "not for", id="another name"),
        pytest.param(lambda: upload(cn="a.example.com"), 400, 30, "not for", id="a name below"),
        pytest.param(
            lambda: of(pair(begins=timedelta(days=-9), ends=timedelta(0))),
            400,
            7,
            "expired",
            id="expired",
        ),
        pytest.param(lambda: upload(cn="exa mple.com"), 400, 7, "domain", id="no domain"),
        pytest.param(lambda: upload(cn=""), 400, 7, "domain", id="an empty domain"),
        pytest.param(lambda: upload(cn="a." * 128), 400, 22, "253", id="a long domain"),
        pytest.param(
            lambda: upload(name="a,b"), 400, 7, "name: expected", id="a comma in the name"
        ),
        pytest.param(lambda: upload(name=""), 400, 7, "name: expected", id="an empty name"),
        pytest.param(lambda: upload(name="a" * 256), 400, 22, "255", id="a long name"),
        pytest.param(lambda: upload(name=7), 400, 7, "name", id="a number for a name"),
        pytest.param(lambda: upload(key="x"), 400, 7, "key", id="an unknown field"),
        pytest.param(lambda: [upload()], 400, 7, "object", id="an array"),
    ],
)
def test_refused(body: Callable[[], Any], status: int, code: int, reason: str) -> None:
    """What is not a chain for the name, with its key, changes nothing."""
    world = account()

    answer = ask(world, "POST", PATH, json=body())

    assert (status, code) == refused(answer)
    assert reason in answer.json()["message"]
    assert world.certificates() == ()


def test_a_name_is_unique() -> None:
    """The second upload of a name is a conflict; once deleted, the name is free."""
    world = simulator()

    answers = [ask(world, "POST", PATH, json=upload(name="wildcard-cdn")) for _ in range(2)]
    world.delete("wildcard-cdn")
    again = ask(world, "POST", PATH, json=upload(name="wildcard-cdn"))
    taken = ask(world, "POST", PATH, json=upload(name="wildcard-cdn"))

    assert [refused(answer) for answer in (*answers, taken)] == [(409, 23)] * 3
    assert again.status_code == 200


def test_the_quota() -> None:
    """An account that is full takes no more, until something is deleted."""
    world = simulator("quota-hit")

    full = ask(world, "POST", PATH, json=upload())
    world.delete(world.certificates()[0].uuid)
    room = ask(world, "POST", PATH, json=upload())

    assert (refused(full), room.status_code) == ((403, 19), 200)


def test_an_upload_is_the_leafs_own_words() -> None:
    """Subject, issuer, serial number and validity are the leaf's; nothing uses it yet."""
    world = account()
    ask(world, "POST", PATH, json=upload())

    [item] = items(ask(world, "GET", PATH))

    del item["uuid"]
    assert item == {
        "name": "my-upload",
        "created_at": "2024-06-05T19:06:10Z",
        "common_name": "*.example.com",
        "state": "valid",
        "subject": "CN=*.example.com",
        "issuer": "CN=Intermediate",
        "serial_number": "03AB12",
        "not_before": "2024-06-04T19:06:10Z",
        "not_after": "2024-09-02T19:06:10Z",
        "service_groups": [],
    }


def test_nobody_renews_an_upload() -> None:
    """It stays valid in the API's eyes, and expires."""
    world = account()
    ask(world, "POST", PATH, json=upload())

    world.advance(400 * 86_400)

    [certificate] = world.certificates()
    assert certificate.state == "valid"
    assert (certificate.not_after or 0) < world.clock.now()


@pytest.mark.parametrize("algorithm", ["rsa:2048", "ec"])
def test_what_openssl_made_reads_back_as_openssl_reads_it(algorithm: str, tmp_path: Path) -> None:
    """A client nobody here wrote makes the certificate, and says what is in it."""
    need("openssl")
    arguments = ["req", "-x509", "-nodes", "-newkey", algorithm, "-days", "30", "-subj"]
    arguments += ["/C=US/O=Example, Inc./CN=*.example.com", "-keyout", "k.pem", "-out", "c.pem"]
    if algorithm == "ec":
        arguments += ["-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl(tmp_path, *arguments)
    shown = ["-serial", "-subject", "-issuer", "-dates", "-nameopt", "RFC2253"]
    lines = openssl(tmp_path, "x509", "-in", "c.pem", "-noout", *shown).splitlines()
    printed = dict(line.split("=", 1) for line in lines)
    chain, pkey = ((tmp_path / name).read_text() for name in ("c.pem", "k.pem"))
    world = simulator(clock=Clock())

    ask(world, "POST", PATH, json=upload(chain=chain, pkey=pkey))
    [item] = items(ask(world, "GET", f"{PATH}?name=my-upload"))

    expected = {
        "serial_number": printed["serial"],
        "subject": printed["subject"],
        "issuer": printed["issuer"],
        "not_before": _iso(printed["notBefore"]),
        "not_after": _iso(printed["notAfter"]),
    }
    assert expected == {key: item[key] for key in expected}


def openssl(place: Path, *words: str) -> str:
    """What the program prints."""
    ran = subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True, text=True)
    return ran.stdout


def _iso(openssl: str) -> str:
    moment = datetime.strptime(openssl, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
