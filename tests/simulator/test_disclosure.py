"""What the API leaves out, and what it calls otherwise, while the truth stays whole."""

from typing import Any

import pytest

from exporter.simulator.world.disclosure import Field
from exporter.simulator.world.scenario import Group, Override
from tests.simulator.simulated import DAY, NOW, account, ask, items, simulator

ISSUED: tuple[Field, ...] = ("subject", "issuer", "serial_number", "not_before", "not_after")
ALWAYS = ["uuid", "name", "created_at", "common_name", "state"]
VALID = [*ALWAYS, *ISSUED, "service_groups"]
PENDING = [*ALWAYS, "validation", *ISSUED, "service_groups"]
NEVER_ISSUED = [*ALWAYS, "validation", "service_groups"]
LETS_ENCRYPT = "CN=R12,O=Let's Encrypt,C=US"
HOUR = 3_600


def without(fields: list[str], *omitted: str) -> list[str]:
    """The fields but for some."""
    return [field for field in fields if field not in omitted]


def wire(*groups: Group, days: float = 0) -> dict[str, Any]:
    """The first item of a listing, after so many days."""
    world = account(*groups)
    world.advance(days * DAY)
    item: dict[str, Any] = items(ask(world, "GET", "/v1/certificates"))[0]
    return item


def renewal(expires_in: str, **options: Any) -> Group:
    """A certificate whose renewal fails: for three and a half days it is pending, then error."""
    return Group("a.example", name="a", expires_in=expires_in, renewal="fails", **options)


PENDING_RENEWAL, FAILED_RENEWAL = "29d9h", "20d"


@pytest.mark.parametrize(
    ("group", "state", "fields"),
    [
        pytest.param(renewal(PENDING_RENEWAL), "pending", PENDING, id="a pending renewal"),
        pytest.param(renewal(FAILED_RENEWAL), "error", VALID, id="a failed renewal"),
        pytest.param(
            renewal(PENDING_RENEWAL, renewal_omits=ISSUED),
            "pending",
            NEVER_ISSUED,
            id="a pending renewal as the specification prints a pending certificate",
        ),
        pytest.param(
            renewal(FAILED_RENEWAL, renewal_omits=ISSUED),
            "error",
            without(VALID, *ISSUED),
            id="a failed renewal without the issued fields",
        ),
        pytest.param(
            renewal(PENDING_RENEWAL, renewal_omits=("not_before", "not_after")),
            "pending",
            without(PENDING, "not_before", "not_after"),
            id="a pending renewal without dates",
        ),
        pytest.param(
            renewal("40d", renewal_omits=ISSUED), "valid", VALID, id="before its renewal: all"
        ),
        pytest.param(
            Group("a.example", age="5m", issuance="fails", renewal_omits=ISSUED),
            "pending",
            NEVER_ISSUED,
            id="never issued",
        ),
        pytest.param(
            Group("a.example", omits=("service_groups",)),
            "valid",
            without(VALID, "service_groups"),
            id="no service groups",
        ),
        pytest.param(
            Group("a.example", omits=("not_after",)),
            "valid",
            without(VALID, "not_after"),
            id="valid, and no expiry",
        ),
        pytest.param(
            renewal(PENDING_RENEWAL, omits=("service_groups",), renewal_omits=("validation",)),
            "pending",
            without(PENDING, "service_groups", "validation"),
            id="both",
        ),
        pytest.param(
            renewal(PENDING_RENEWAL, states={"pending": "issuing"}),
            "issuing",
            PENDING,
            id="an invented state for pending",
        ),
        pytest.param(
            Group("a.example", age="6d", issuance="fails", states={"error": "timed_out"}),
            "timed_out",
            without(VALID, *ISSUED),
            id="an invented state for error",
        ),
        pytest.param(
            Group("a.example", states={"pending": "issuing"}), "valid", VALID, id="not of this one"
        ),
        pytest.param(
            Group("a.example", by_metro={"fra": Override(omits=("subject",))}),
            "valid",
            without(VALID, "subject"),
            id="in this metro",
        ),
    ],
)
def test_what_is_told(group: Group, state: str, fields: list[str]) -> None:
    """The item has these fields and no others, in the specification's order."""
    item = wire(group)

    assert (item["state"], list(item)) == (state, fields)


@pytest.mark.parametrize(
    ("days", "omitted"),
    [
        pytest.param(0, ["service_groups"], id="valid"),
        pytest.param(10.2, [*ISSUED, "service_groups"], id="the renewal is pending"),
        pytest.param(15, [*ISSUED, "service_groups"], id="the renewal has failed"),
    ],
)
def test_the_truth_stays_whole(days: float, omitted: list[str]) -> None:
    """It says what holds, and what is not told of it."""
    options: dict[str, Any] = {"omits": ("service_groups",), "renewal_omits": ISSUED}
    reticent, open_ = account(renewal("40d", **options)), account(renewal("40d"))
    for world in (reticent, open_):
        world.advance(days * DAY)

    [truth], [same] = reticent.certificates(), open_.certificates()

    assert list(truth.omitted) == omitted
    assert (truth.not_after, truth.issuer) == (same.not_after, same.issuer) != (None, None)
    assert truth.service_groups == same.service_groups != ()


@pytest.mark.parametrize(
    ("group", "omitted"),
    [
        pytest.param(Group("a.example", omits=("validation",)), (), id="no validation runs"),
        pytest.param(
            Group("a.example", age="5m", issuance="fails", omits=("validation", *ISSUED)),
            ("validation",),
            id="nothing was issued",
        ),
    ],
)
def test_only_what_holds_can_be_left_out(group: Group, omitted: tuple[Field, ...]) -> None:
    """Where there is nothing to tell, nothing is left out."""
    [truth] = account(group).certificates()

    assert truth.omitted == omitted


def test_the_truth_knows_both_words_for_a_state() -> None:
    """What it is, and what the API calls it."""
    states = {"pending": "issuing"}
    [truth] = account(renewal(PENDING_RENEWAL, states=states)).certificates()

    assert (truth.state, truth.reported_state, truth.omitted) == ("pending", "issuing", ())


def test_what_is_left_out_is_left_out_of_every_answer() -> None:
    """Of a listing as of the answer for one."""
    world = account(Group("a.example", name="a", omits=("not_after",)))
    uuid = world.certificate("a").uuid

    answers = [ask(world, "GET", f"/v1/certificates{q}") for q in ("", "?name=a", f"/{uuid}")]

    assert ["not_after" in items(answer)[0] for answer in answers] == [False] * 3


@pytest.mark.parametrize(
    ("group", "hours", "generated"),
    [
        pytest.param({}, 1, True, id="as the evidence misleads"),
        pytest.param({"uploaded_after": "3h"}, 3, True, id="later than any request"),
        pytest.param({"uploaded_after": "40d", "expires_in": "45d"}, 960, True, id="much later"),
        pytest.param({"name": "shop"}, 1, False, id="under a name of its own"),
    ],
)
def test_an_upload_of_a_lets_encrypt_certificate_for_a_plain_domain(
    group: dict[str, Any], hours: int, generated: bool
) -> None:
    """It looks like one of the platform's, but for its creation or its name; nobody renews it."""
    settings = {"expires_in": "60d", **group}
    group_ = Group("shop.example", source="upload", issuer=LETS_ENCRYPT, **settings)
    [truth] = account(group_).certificates()
    item = wire(group_)

    assert (item["issuer"], item["common_name"]) == (LETS_ENCRYPT, "shop.example")
    assert round((truth.created_at - (truth.not_before or 0)) / HOUR) == hours
    assert item["name"].startswith("shop.example-") == generated
    assert truth.renewal == "manual"


def test_uploads_of_any_age_were_made_before_the_start() -> None:
    """Where only the delay is given, their validity began long enough ago."""
    world = account(
        Group("a-{n}.example", count=50, source="upload", lifetime="6d", uploaded_after="5d")
    )

    delays = {c.created_at - (c.not_before or 0) for c in world.certificates()}

    assert delays == {5 * DAY}
    assert all(c.created_at <= NOW < (c.not_after or 0) for c in world.certificates())


def test_the_bundled_scenarios_tell_everything() -> None:
    """What is left out or invented is so only where a scenario asks for it."""
    certificates = simulator().certificates()

    assert {c.omitted for c in certificates} == {()}
    assert all(c.state == c.reported_state for c in certificates)
