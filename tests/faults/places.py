"""Every place of every answer, and the answer in which something odd stands there."""

import json
from typing import Any, Final, Literal, NamedTuple

from tests.faults.kinds import Kind
from tests.faults.specification import (
    CERTIFICATE,
    ENVELOPE,
    FAILED,
    LISTED,
    UNKNOWN,
    Path,
    fields,
)
from tests.world.builders import SAMPLES, item

Of = Literal["bulk", "details", "list", "error", "refusal"]
"""Which answer: of one request for everything, of the two generations of a list and its details,
an error with status 200, and a refusal with status 401."""

NEIGHBOUR: Final = item(uuid="n", name="neighbour")
ODD: Final = item(uuid="o", name="odd")
PENDING: Final = {
    **json.loads((SAMPLES / "pending.json").read_text())["data"]["certificates"][0],
    "uuid": "o",
    "name": "odd",
}
FAILED_ITEM: Final = {"status": "error", "uuid": "o", "message": "gone", "error": 12}

_ITEM: Final[Path] = ("data", "certificates", 1)
"""The item in which something is odd."""

_MARKER: Final = "@"


class Place(NamedTuple):
    """A place in one answer, the type that belongs there, and the item that it is in, if any."""

    of: Of
    path: Path
    type: str
    item: Literal["valid", "pending", "failed"] = "valid"

    @property
    def id(self) -> str:
        """How tests call it."""
        path = ".".join(map(str, self.path)) or "all"
        return f"{self.of}: {path}" + (f" ({self.item})" if self.item != "valid" else "")

    @property
    def field(self) -> str:
        """The field of a certificate that it is in, empty where it is in none."""
        return str(self.path[len(_ITEM)]) if len(self.path) > len(_ITEM) else ""

    @property
    def nested(self) -> Path:
        """Where it is within that field."""
        return self.path[len(_ITEM) + 1 :]

    @property
    def before(self) -> dict[str, Any]:
        """The certificate as it was told before."""
        return PENDING if self.item == "pending" else ODD

    def takes(self, kind: Kind) -> bool:
        """Whether it is tried: only what has a key is missing or there twice."""
        if kind.heavy and self.of != "bulk":
            return False
        if not self.path:
            return kind.before is None
        return isinstance(self.path[-1], str) or (kind.value is not None and kind.before is None)


def _envelope(of: Of) -> list[Place]:
    places = [Place(of, field.path, field.type) for field in fields(ENVELOPE)]
    return [Place(of, (), "object"), *places]


def _read(of: Of) -> list[Place]:
    """The places of an answer that certificates are read from."""
    table = LISTED if of == "list" else CERTIFICATE
    places = [
        *_envelope(of),
        Place(of, _ITEM[:2], "array of objects"),
        Place(of, _ITEM, "object"),
    ]
    for path, kind in fields(table):
        state: Literal["valid", "pending"] = "pending" if path[0] == "validation" else "valid"
        places.append(Place(of, (*_ITEM, *path), kind, state))
    if of != "list":
        places += [Place(of, (*_ITEM, *path), kind, "failed") for path, kind in fields(FAILED)]
    # An item that says that it failed in another way than by "error" is a certificate.
    return [place for place in places if (place.item, place.field) != ("failed", "status")]


PLACES: Final = (
    *_read("bulk"),
    *_read("details"),
    *_read("list"),
    *(place for place in _envelope("error") if place.path[:1] != ("data",)),
    *(place for place in _envelope("refusal") if place.path[:1] != ("data",)),
)


def document(place: Place) -> dict[str, Any]:
    """The answer as it would be without anything odd, with an invented key in every object."""
    envelope = {"status": "success", "message": "words", UNKNOWN: "words"}
    errors = [{"status": 404, UNKNOWN: "words"}]
    if place.of in ("error", "refusal"):
        return {**envelope, "status": "error", "errors": errors, "data": {}}
    told = {"valid": ODD, "pending": PENDING, "failed": FAILED_ITEM}[place.item]
    odd: dict[str, Any] = json.loads(json.dumps({**told, UNKNOWN: "words"}))
    for inside in (*odd.get("service_groups", ()), odd.get("validation", {})):
        inside[UNKNOWN] = "words"
    if place.of == "list":
        odd = {key: odd[key] for key in ("uuid", "name", UNKNOWN)}
    data = {"certificates": [NEIGHBOUR, odd], UNKNOWN: "words"}
    return {**envelope, "errors": errors, "data": data}


def spoiled(place: Place, kind: Kind) -> bytes:
    """The answer with something odd in that place."""
    if not place.path:
        return kind.value or b""
    answer = document(place)
    *way, last = place.path
    parent: Any = answer
    for key in way:
        parent = parent[key]
    right = json.dumps(parent[last]).encode()
    if kind.value is None:
        del parent[last]
        return json.dumps(answer).encode()
    parent[last] = _MARKER
    named = b"%b: " % json.dumps(last).encode() if isinstance(last, str) else b""
    value = named + (kind.value or right)
    if kind.before is not None:
        value = named + kind.before + b", " + value
    return json.dumps(answer).encode().replace(named + b'"@"', value)
