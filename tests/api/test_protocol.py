"""What the API's answers mean: an answer in, types or an error out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api import protocol
from exporter.api.model import Certificate, ServiceGroup
from exporter.api.protocol import MAX_UNREAD, Reading
from exporter.errors import (
    REASONS,
    Forbidden,
    NotFound,
    PollError,
    RateLimited,
    ServerError,
    Unauthorized,
    Undecodable,
    Unexpected,
)
from exporter.loop import finished
from tests.world.builders import NOT_AFTER, SAMPLES, UUID, body, certificate, item

NOW = 1_700_000_000.0


def read(answer: bytes, status: int = 200, **headers: str) -> Reading:
    """The answer's reading, without what the next one is compared with."""
    fields = {k.replace("_", "-"): v for k, v in headers.items()}
    return finished(protocol.read((status, fields, answer), now=NOW))._replace(chunks=())


def test_the_specifications_valid_sample() -> None:
    """Specification, "Getting the Status of a Certificate", Status 200 OK."""
    assert Reading(1, (certificate(),), ()) == read((SAMPLES / "valid.json").read_bytes())


def test_the_specifications_pending_sample() -> None:
    """Specification, "Status 200 OK - Certificate Request Pending"."""
    pending = Certificate(
        uuid=UUID,
        name="example.com-x9d9k",
        common_name="example.com",
        state="pending",
        created_at=1709838364,
        attempts=2,
        next_attempt=1709838964,
        validation_seen=True,
        service_groups=certificate().service_groups,
    )

    assert Reading(1, (pending,), ()) == read((SAMPLES / "pending.json").read_bytes())


@pytest.mark.parametrize(
    ("overrides", "want"),
    [
        pytest.param({"status": ...}, {}, id="no item status when listing everything"),
        pytest.param({"status": "warning"}, {}, id="unknown item status"),
        pytest.param({"colour": {"red": [1]}}, {}, id="unknown key"),
        pytest.param({"state": "revoked"}, {"state": "revoked"}, id="unknown state"),
        pytest.param({"common_name": ...}, {"common_name": ""}, id="no common name"),
        pytest.param({"not_after": ...}, {"not_after": None}, id="no not_after"),
        pytest.param({"not_after": None}, {"not_after": None}, id="null not_after"),
        pytest.param(
            {"not_after": ""}, {"not_after": None, "told_unissued": True}, id="empty not_after"
        ),
        pytest.param({"created_at": "0001-01-01T00:00:00Z"}, {"created_at": None}, id="zero time"),
        pytest.param({"not_after": "2024-06-05T19:06:10"}, {}, id="no zone is UTC"),
        pytest.param({"not_after": "2024-06-05T21:06:10+02:00"}, {}, id="another zone"),
        pytest.param(
            {"not_after": "2024-06-05T19:06:10.5Z"}, {"not_after": NOT_AFTER + 0.5}, id="fraction"
        ),
        pytest.param(
            {"not_after": "9999-12-31T23:59:59Z"}, {"not_after": 253402300799.0}, id="year 9999"
        ),
        pytest.param({"service_groups": ...}, {"service_groups": None}, id="no service groups"),
        pytest.param({"service_groups": None}, {"service_groups": None}, id="null service groups"),
        pytest.param(
            {"service_groups": [{"uuid": "u", "name": "n"}] * 2},
            {"service_groups": (ServiceGroup("u", "n"),)},
            id="the same service group twice",
        ),
        pytest.param({"subject": None, "issuer": ""}, {"subject": "", "issuer": ""}, id="no names"),
        pytest.param(
            {"validation": {"attempt": 3}},
            {"validation_seen": True},
            id="valid: no validation runs",
        ),
        pytest.param(
            {"state": "pending", "validation": {"attempt": 3}},
            {"state": "pending", "attempts": 3, "validation_seen": True},
            id="a renewal that is pending keeps its validity",
        ),
        pytest.param(
            {"state": "renewing", "validation": {"attempt": 1, "next": "1970-01-01T00:00:09Z"}},
            {"state": "renewing", "attempts": 1, "next_attempt": 9, "validation_seen": True},
            id="a state of the future that validates",
        ),
        pytest.param(
            {"state": "error", "validation": {"attempt": 9}},
            {"state": "error", "validation_seen": True},
            id="error",
        ),
    ],
)
def test_shapes_that_are_understood(overrides: dict[str, Any], want: dict[str, Any]) -> None:
    """Unknown is absent, and what the API may invent is fine."""
    assert Reading(1, (certificate(**want),), ()) == read(body(item(**overrides)))


@pytest.mark.parametrize(
    ("bad", "reason", "name"),
    [
        pytest.param(None, "undecodable", "", id="null"),
        pytest.param("text", "undecodable", "", id="text"),
        pytest.param([], "undecodable", "", id="array"),
        pytest.param(item(name=7, uuid=...), "undecodable", "", id="neither name nor uuid"),
        pytest.param({}, "undecodable", "", id="empty"),
        pytest.param({"status": "error", "error": 8, "name": "gone"}, "not_found", "gone"),
        pytest.param({"status": "error", "error": 12}, "timeout", "", id="timed out"),
        pytest.param({"status": "error", "error": 14}, "forbidden", "", id="not allowed"),
        pytest.param({"status": "error", "message": "no"}, "other", "", id="without a code"),
    ],
)
def test_one_bad_item_costs_only_itself(bad: Any, reason: str, name: str) -> None:
    """Each is counted with a reason and keeps what identity it shows; its neighbours are read."""
    got = read(body(item(uuid="a"), bad, item(uuid="b")))

    assert [c.uuid for c in got.certificates] == ["a", "b"]
    assert (3, [(reason, name)]) == (got.listed, [(u.reason, u.name) for u in got.unread])


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b'{"status":"success"}',
        b'{"status":"success","data":null}',
        b'{"status":"success","data":{}}',
        b'{"status":"success","data":{"certificates":null}}',
        b'{"status":"success","data":{"certificates":[]},"op_time_us":12}',
        b'{"status":"sideways","data":{"certificates":[]}}',
    ],
)
def test_nothing_listed_is_an_empty_account(answer: bytes) -> None:
    """`data` or the list may be missing or null (wire facts, "Envelope")."""
    assert Reading(0, (), ()) == read(answer)


@pytest.mark.parametrize(
    "data", ['{"items":[]}', '{"certs":[],"total":0}', "[]", '"none"', "7", '{"certificates":{}}']
)
def test_an_answer_that_holds_no_list_is_no_empty_account(data: str) -> None:
    """`data` has exactly one key (wire facts, "Envelope"): under another one nothing is told."""
    with pytest.raises(Undecodable):
        read(b'{"status":"success","data":%b}' % data.encode())


@pytest.mark.parametrize("field", ["status", "message", "errors", "warnings"])
@pytest.mark.parametrize("odd", ["7", '{"a":[]}', "NaN", '"\\x"', "[" * 1000 + "]" * 1000])
def test_an_odd_envelope_costs_nothing_where_it_holds_a_list(field: str, odd: str) -> None:
    """What it says of itself matters only where there is no list; then it is undecodable."""
    envelope = b'"%b":%b' % (field.encode(), odd.encode())
    certificates = json.dumps([item()]).encode()

    assert read(b'{%b,"data":{"certificates":%b}}' % (envelope, certificates)).certificates == (
        certificate(),
    )
    with pytest.raises(PollError):
        read(b'{"errors":[{"status":7}],"status":"error",%b}' % envelope)


def test_an_attempt_that_is_not_told_is_not_known() -> None:
    """Whether or not something else in the item is odd."""
    validation = {"attempt": None, "next": None}
    plain, odd = (item(state="pending", validation=validation, issuer=i) for i in ("x", 7))

    assert [c.attempts for c in read(body(plain)).certificates] == [None]
    assert [c.attempts for c in read(body(odd)).certificates] == [None]


def test_too_many_items_that_cannot_be_read() -> None:
    """One odd answer costs its metro: what is kept of each would outgrow all bounds."""
    answer = body(*({"uuid": "u", "status": "error"},) * (MAX_UNREAD + 1))
    with pytest.raises(Undecodable, match="more than 10000 items"):
        read(answer)


def test_a_dense_answer_is_read_up_to_a_bound() -> None:
    """A list of nothing but commas is a hundred times its size once it is decoded."""
    few, many = (
        b'{"data":{"certificates":[%b]}}' % b",".join([b"0"] * n) for n in (9_000, 300_000)
    )

    assert len(read(few).unread) == 9_000
    with pytest.raises(Undecodable):
        read(many)


def test_a_partial_success_is_read() -> None:
    """Failed items stay HTTP 200 (wire facts, "Envelope")."""
    failed = {"status": "error", "uuid": "x", "message": "No certificate", "error": 8}
    got = read(body(item(), failed, status="partial_success"))

    assert ((certificate(),), "No certificate") == (got.certificates, got.unread[0].message)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (401, b"", Unauthorized),
        (403, b"", Forbidden),
        (404, b'{"status":"error","errors":[{"status":404}]}', NotFound),
        (409, b"", Unexpected),
        (429, b"", RateLimited),
        (500, b"null", ServerError),
        (502, b"<html>Bad gateway</html>", ServerError),
        (503, b"\xff", ServerError),
        (302, b"", Unexpected),
        (204, b"", Unexpected),
        (200, b"", Undecodable),
        (200, b"<html>", Undecodable),
        (200, b'{"status":"succ', Undecodable),
        (200, b"[]", Undecodable),
        (200, b'{"data":{"certificates":7}}', Undecodable),
        (200, b'{"data":{"certificates":[{]}}', Undecodable),
        (200, b"[" * 100_000, Undecodable),
        (200, b'{"status":"error"}', Unexpected),
        (200, b'{"status":"error","data":{"certificates":[]}}', Unexpected),
        (200, b'{"status":"error","errors":[{"status":401}]}', Unauthorized),
        (200, b'{"status":"error","errors":[{}],"data":null}', Unexpected),
    ],
)
def test_a_request_that_failed_as_a_whole(
    status: int, answer: bytes, kind: type[PollError]
) -> None:
    """The status decides; an envelope without a list may carry one as well."""
    with pytest.raises(kind):
        read(answer, status)


def test_the_envelopes_message_is_told() -> None:
    """What the API said helps whoever reads the log."""
    with pytest.raises(Unauthorized, match="the API answered 401: no such token"):
        read(b'{"status":"error","message":"no such token"}', 401)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("9" * 400, float("inf")),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:14:20 -0000", 60.0),
        ("Tue, 14 Nov 2023 22:12:20 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661", None),
        ("", None),
    ],
)
def test_retry_after(value: str, want: float | None) -> None:
    """Seconds or a date (RFC 9110, section 10.2.3); anything else is no wish."""
    with pytest.raises(RateLimited) as caught:
        read(b"", 429, retry_after=value)

    assert want == caught.value.retry_after


def test_a_list_gives_each_uuid_once() -> None:
    """Paging may repeat one; an item without one is counted."""
    answer = body({"uuid": "a", "name": "x"}, {"uuid": "b"}, {"uuid": "a"}, {"name": "y"}, 5)
    got = finished(protocol.read_list((200, {}, answer), now=NOW))

    assert got.uuids == ("a", "b")
    assert [(u.reason, u.name) for u in got.unread] == [("undecodable", "y"), ("undecodable", "")]


def test_batches_and_the_request_for_one() -> None:
    """At most 200 a request, in a JSON array body."""
    uuids = [str(n) for n in range(401)]

    assert [len(batch) for batch in protocol.batches(uuids)] == [200, 200, 1]
    assert json.loads(protocol.details(["a", "b"]).content or b"") == [{"uuid": "a"}, {"uuid": "b"}]
    assert list(protocol.batches([])) == []


def test_what_the_answer_passes_over_is_missing() -> None:
    """Asked for, neither read nor failed: it went between the list and the details."""
    got = read(body(item(uuid="a"), {"status": "error", "uuid": "b", "error": 8}))

    assert [(u.reason, u.uuid) for u in protocol.missing("abc", got)] == [("not_found", "c")]


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_is_a_bug(status: int, answer: bytes) -> None:
    """Whatever the network brings is a reading or an error of the tree."""
    try:
        read(answer, status)
    except PollError as exc:
        assert exc.reason in REASONS


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(item(), _JSON))))
def test_no_item_is_lost(items: list[Any]) -> None:
    """Every listed item is either a certificate or unread."""
    got = read(body(*items))

    assert len(items) == got.listed == len(got.certificates) + len(got.unread)
