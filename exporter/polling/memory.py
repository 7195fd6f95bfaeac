"""What was told of a certificate before and is not told now: lost is not never."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final

import msgspec

from exporter.api.model import FIELDS, ISSUED_FIELDS, Certificate

_FACTS: Final = tuple(field for field in FIELDS if field not in ("uuid", "name", "validation"))
_DECIDED: Final = ("valid", "error")


def remembered(
    certificates: tuple[Certificate, ...], before: tuple[Certificate, ...], seen_at: float
) -> tuple[Certificate, ...]:
    """The certificates of a poll, with what was told `before` where it is not told now.

    A fact stays true until another one takes its place or its certificate is gone. A certificate
    is the same one by its uuid, or by its name where it has no uuid now.
    `seen_at` (Unix time) becomes the `first_seen` of those whose expiry was never told.
    """
    validated = {c.uuid for c in before if c.validation_seen}
    places = [
        place
        for place, (c, b) in enumerate(zip_longest(certificates, before))
        # The same object is whole, or was completed in its place before.
        if c is not None and c is not b and (not _whole(c) or c.uuid in validated)
    ]
    if not places:
        return certificates
    known = _known(
        before, {certificates[place].uuid or certificates[place].name for place in places}
    )
    completed = list(certificates)
    for place in places:
        c = completed[place]
        completed[place] = _completed(c, known.get(c.uuid or c.name), seen_at)
    return tuple(completed)


def _whole(c: Certificate) -> bool:
    """Whether everything is told that the API tells of an issued certificate."""
    return bool(
        c.uuid
        and c.name != c.uuid
        and c.not_after is not None
        and c.not_before is not None
        and c.created_at is not None
        and c.service_groups is not None
        and c.common_name
        and c.state
        and c.subject
        and c.issuer
        and c.serial_number
        and not c.unread
    )


def _known(before: tuple[Certificate, ...], keys: set[str]) -> Mapping[str, Certificate]:
    known = {c.name: c for c in before if c.name in keys}
    known.update({c.uuid: c for c in before if c.uuid in keys})
    return known


def _completed(c: Certificate, before: Certificate | None, seen_at: float) -> Certificate:
    if before is None:
        return c if c.not_after is not None else msgspec.structs.replace(c, first_seen=seen_at)
    facts: dict[str, Any] = {
        field: getattr(before, field)
        for field in _FACTS
        if getattr(c, field) in (None, "") and getattr(before, field) not in (None, "")
    }
    if c.not_after is not None and c.not_after != before.not_after:
        facts.pop("not_before", None)  # that of another validity
    if not c.uuid:
        facts["uuid"] = before.uuid
    if c.name == c.uuid:
        facts["name"] = before.name
    if c.attempts is None and before.state not in _DECIDED:
        facts["attempts"] = before.attempts
        if c.next_attempt is None:
            facts["next_attempt"] = before.next_attempt
    if before.validation_seen:
        facts["validation_seen"] = True
    if facts.get("not_after", c.not_after) is None:
        facts["first_seen"] = before.first_seen or seen_at
    facts["unread"] = tuple(dict.fromkeys((*c.unread, *_no_longer_told(c, facts))))
    return msgspec.structs.replace(c, **facts)


def _no_longer_told(c: Certificate, facts: Mapping[str, Any]) -> list[str]:
    """The fields that were told before and should be told now.

    Pending and failed certificates leave out what exists once one was issued (specification,
    "Status 200 OK - Certificate Request Pending"), and so they may during a renewal.
    """
    silent = () if c.state == "valid" else ISSUED_FIELDS
    return [field for field in facts if field in _FACTS and field not in silent]
