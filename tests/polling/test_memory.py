"""What was told before: one look after another in, what is known out."""

from typing import Any

import pytest

from exporter.api.model import FIELDS, Certificate
from exporter.polling.memory import remembered
from tests.world.builders import NOT_AFTER, UUID, certificate

ISSUED = {"not_before": None, "not_after": None, "subject": "", "issuer": "", "serial_number": ""}
NEVER = {"state": "pending", **ISSUED}
TIMES = ("created_at", "not_before", "not_after")


def known(*looks: Certificate, at: float = 5) -> Certificate:
    """What is known after these looks at one certificate, the first of them at second `at`."""
    (first, *rest) = looks
    before = remembered((first,), (), at)
    for number, c in enumerate(rest, start=1):
        before = remembered((c,), before, at + number)
    return before[0]


@pytest.mark.parametrize("state", ["pending", "error"])
def test_a_renewal_without_dates_keeps_those_that_were_told(state: str) -> None:
    """The specification's own pending sample has no issued fields."""
    got = known(certificate(), certificate(state=state, **ISSUED))

    assert got == certificate(state=state)


@pytest.mark.parametrize(
    ("field", "nothing"),
    [
        (field, None if field in (*TIMES, "service_groups") else "")
        for field in FIELDS
        if field not in ("uuid", "name", "validation", "state")
    ],
)
def test_a_fact_that_is_no_longer_told_stays_and_is_counted(field: str, nothing: Any) -> None:
    """For each field that the specification has."""
    silent = certificate(**{field: nothing})

    assert known(certificate(), silent) == certificate(unread=(field,))
    assert known(certificate(), silent, silent) == certificate(unread=(field,))
    assert known(certificate(), silent, certificate()) == certificate()


@pytest.mark.parametrize("lost", [{"uuid": ""}, {"name": UUID}], ids=["uuid", "name"])
def test_an_identity_that_is_no_longer_told_stays(lost: dict[str, str]) -> None:
    """Else every series of the certificate would be another one, and alerts begin anew."""
    assert known(certificate(), certificate(**lost)) == certificate()


def test_a_validation_that_cannot_be_read_stays() -> None:
    """Its attempts, and when the next one is due."""
    running = certificate(state="pending", **ISSUED, attempts=2, next_attempt=9.0)
    unread = certificate(
        state="pending", **ISSUED, attempts=None, next_attempt=None, unread=("validation",)
    )
    got = known(running, unread)

    assert (got.attempts, got.next_attempt, got.unread) == (2, 9.0, ("validation",))


def test_a_state_that_is_no_longer_told() -> None:
    """It stays as well."""
    assert known(certificate(), certificate(state="")) == certificate(unread=("state",))


def test_a_fact_that_is_told_anew_takes_the_place() -> None:
    """A renewal's dates, and a service that was detached."""
    renewed = certificate(not_after=NOT_AFTER + 9, service_groups=())

    assert known(certificate(), renewed) == renewed


def test_a_new_expiry_does_not_keep_the_old_beginning() -> None:
    """A lifetime made of two validities would be none."""
    got = known(certificate(), certificate(not_after=NOT_AFTER + 9, not_before=None))

    assert (got.not_before, got.not_after) == (None, NOT_AFTER + 9)


def test_another_certificate_of_the_same_name_remembers_nothing() -> None:
    """Its predecessor is gone."""
    heir = certificate(uuid="heir", **NEVER)

    assert known(certificate(), heir) == certificate(uuid="heir", first_seen=6, **NEVER)


def test_a_certificate_without_a_uuid_is_known_by_its_name() -> None:
    """And one without a name by its uuid."""
    nameless = certificate(name=certificate().uuid, not_after=None, unread=("name",))

    assert known(certificate(), certificate(uuid="", not_after=None)).uuid == certificate().uuid
    assert known(certificate(), nameless).name == "example.com-x9d9k"
    assert known(certificate(), nameless).not_after == NOT_AFTER


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([certificate(**NEVER)] * 3, 5, id="never issued"),
        pytest.param([certificate()], None, id="issued"),
        pytest.param([certificate(), certificate(**NEVER)], None, id="issued before"),
        pytest.param([certificate(**NEVER), certificate()], None, id="issued by now"),
    ],
)
def test_since_when_it_waits(looks: list[Certificate], expected: float | None) -> None:
    """For as long as no expiry is known."""
    assert known(*looks).first_seen == expected


def test_a_validation_that_was_seen_is_remembered() -> None:
    """It is evidence that the platform requested the certificate."""
    pending = certificate(state="pending", attempts=1, validation_seen=True)

    assert known(pending, certificate(), certificate()).validation_seen


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(certificate(state="pending", attempts=2), 2, id="the last that was told"),
        pytest.param(certificate(), None, id="of another request"),
    ],
)
def test_attempts_that_cannot_be_read(before: Certificate, expected: int | None) -> None:
    """Those of the same validation stay."""
    odd = certificate(state="pending", attempts=None, unread=("validation",))

    assert known(before, odd).attempts == expected


def test_others_are_untouched() -> None:
    """Nothing is made anew where everything is told."""
    others = tuple(certificate(uuid=u, name=f"{u}-1") for u in "abc")
    odd = certificate(not_after=None)
    got = remembered((*others, odd), (odd, *others), 5)

    assert all(one is other for one, other in zip(got, others, strict=False))
    assert remembered(others, (), 5) is others
