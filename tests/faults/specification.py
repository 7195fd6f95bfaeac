"""The structure of an answer: the tables of the specification, and the places in them."""

import re
from typing import Final, NamedTuple

CERTIFICATE: Final = """\
status          string            success on success, or error if the request failed
uuid            UUID              UUID of the certificate
name            Name              Name of the certificate
created_at      string            Date and time of creation in ISO8601
common_name     string            Common name of the certificate
state           State             Current state of the certificate
validation      object            Validation status (only while pending)
    attempt     int               Number of validation attempts made
    next        string            Date and time of next validation attempt in ISO8601
subject         string            Certificate subject
issuer          string            Certificate issuer (usually Let's Encrypt)
serial_number   string            Certificate serial number
not_before      string            Date and time of beginning of validity in ISO8601
not_after       string            Expiration date and time in ISO8601
service_groups  array of objects  Services using this certificate
    uuid        UUID              UUID of the service
    name        Name              Name of the service
"""
"""Specification, "Getting the Status of a Certificate": field, type, description."""

LISTED: Final = """\
uuid            UUID              UUID of the certificates
name            Name              Name of the certificates
"""
"""Specification, "List Existing Certificates"."""

FAILED: Final = """\
status          string            error
uuid            UUID              UUID of the certificate
message         string            No certificate with uuid ...
error           int               Error code
"""
"""One item of an answer that failed, as public clients show it (wire facts, "Envelope")."""

ENVELOPE: Final = """\
status          string            success, partial_success or error
message         string            What failed
data            object            What was asked for
errors          array of objects  Why the request failed
    status      int               HTTP status
"""
"""What every answer is wrapped in, as public clients show it (wire facts, "Envelope")."""

UNKNOWN: Final = "invented"
"""A key that the API may invent."""

_ROW: Final = re.compile(r"( *)(\w+) +(\w+(?: \w+)*?)  +(.+)")
_OBJECTS: Final = ("object", "array of objects")
_TEXTS: Final = ("UUID", "Name", "State")

Path = tuple[str | int, ...]


class Field(NamedTuple):
    """Where a value stands in what a table describes, and its type.

    A type is a JSON type, `moment`, `array of objects`, or `unknown`.
    """

    path: Path
    type: str


def fields(table: str) -> list[Field]:
    """The fields of a table, the elements of its arrays, and a key that it does not name.

    Each object in it has such a key too.
    """
    rows = [match.groups() for match in map(_ROW.fullmatch, table.splitlines()) if match]
    found = [Field((UNKNOWN,), "unknown")]
    inside: Path = ()
    for indent, name, kind, description in rows:
        if not indent:
            inside = ()
        found.append(Field((*inside, name), _type(kind, description)))
        if kind in _OBJECTS:
            inside = (name,) if kind == "object" else (name, 0)
            found += [Field(inside, "object")] if kind != "object" else []
            found.append(Field((*inside, UNKNOWN), "unknown"))
    return found


def _type(kind: str, description: str) -> str:
    if kind in _TEXTS:
        return "string"
    return "moment" if "ISO8601" in description or "date and time" in description else kind
