"""The endpoints of the API: their paths, and which of them a request is for."""

from exporter.simulator.faults.faults import Endpoint

COLLECTION = "/v1/certificates"
LISTING = f"{COLLECTION}/list"

_COLLECTION: dict[str, Endpoint] = {
    "GET": "get",
    "POST": "upload",
    "PUT": "update",
    "DELETE": "delete",
}
# The specification's own example of an upload posts to the path with a trailing slash.
_METHODS: dict[str, dict[str, Endpoint]] = {
    LISTING: {"GET": "list"},
    COLLECTION: _COLLECTION,
    f"{COLLECTION}/": _COLLECTION,
}
_LOCAL: dict[str, Endpoint] = {
    "GET": "get-one",
    "PUT": "update-one",
    "DELETE": "delete-one",
}


def endpoint(method: str, path: str) -> Endpoint:
    """Which endpoint a request is for; `other` is an unknown path or a wrong method."""
    return _at(path).get(method, "other")


def methods(path: str) -> tuple[str, ...]:
    """The methods of a path; none where there is no such path."""
    return tuple(_at(path))


def _at(path: str) -> dict[str, Endpoint]:
    if path in _METHODS:
        return _METHODS[path]
    prefix, _, last = path.rpartition("/")
    return _LOCAL if prefix == COLLECTION and last else {}
