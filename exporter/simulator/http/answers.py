"""Answers in the API's envelope, and the error codes an item or a request can carry."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from exporter.simulator.http.items import Item
from exporter.simulator.world.refusal import Reason, RefusedError

_JSON = {"content-type": "application/json"}


class Code(IntEnum):
    """Error codes, as public clients of the API list them."""

    NOT_SUPPORTED = 1
    WRONG_METHOD = 2
    NO_API_ENDPOINT = 3
    TOO_MANY = 5
    INVALID = 7
    NOT_FOUND = 8
    MISSING_ID = 13
    NOT_ALLOWED = 14
    ATTACHED = 15
    MALFORMED_REQUEST = 16
    NOT_BOTH = 17
    QUOTA = 19
    TOO_LONG = 22
    ALREADY_EXISTS = 23
    CN_MISMATCH = 30


_REFUSALS: dict[Reason, tuple[int, Code]] = {
    "invalid": (400, Code.INVALID),
    "too-long": (400, Code.TOO_LONG),
    "too-many": (400, Code.TOO_MANY),
    "mismatch": (400, Code.CN_MISMATCH),
    "quota": (403, Code.QUOTA),
    "taken": (409, Code.ALREADY_EXISTS),
    "unsupported": (501, Code.NOT_SUPPORTED),
}


_FAILED = "Failed to perform all operations"
"""What the envelope says where items failed, whichever they are: each has a message of its own."""


class Answer(msgspec.Struct, frozen=True):
    """A status, headers and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RequestError(Exception):
    """The request as a whole is refused: an HTTP status with an envelope that says why."""

    def __init__(
        self,
        status: int,
        message: str,
        code: Code | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.answer = failure(status, message, code, headers)


def invalid(message: str, code: Code = Code.INVALID) -> RequestError:
    """A parameter or a body that the specification does not allow: 400."""
    return RequestError(400, message, code)


def refused(refusal: RefusedError) -> Answer:
    """What the platform refuses, as an answer: the status and the code follow from the reason."""
    status, code = _REFUSALS[refusal.reason]
    return failure(status, str(refusal), code)


def refused_item(refusal: RefusedError, uuid: str, name: str) -> Item:
    """What the platform refuses to do to one certificate of several."""
    _, code = _REFUSALS[refusal.reason]
    return failed(code, str(refusal), uuid, name)


def failure(
    status: int,
    message: str,
    code: Code | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An HTTP error whose body is the envelope with `errors`."""
    error: dict[str, Any] = {"status": status, "message": message}
    if code is not None:
        error["error"] = int(code)
    envelope = {"status": "error", "message": message, "errors": [error]}
    return Answer(status, {**_JSON, **(headers or {})}, msgspec.json.encode(envelope))


def failed(code: Code, message: str, uuid: str | None = None, name: str | None = None) -> Item:
    """An item that failed inside an answer whose HTTP status stays 200."""
    return Item(status="error", uuid=uuid, name=name, message=message, error=int(code))


def success(items: Sequence[Item]) -> Answer:
    """The envelope around the items; its status follows from theirs."""
    failures = sum(item.status == "error" for item in items)
    if not failures:
        return document({"status": "success", "data": {"certificates": items}})
    status = "partial_success" if failures < len(items) else "error"
    return document({"status": status, "message": _FAILED, "data": {"certificates": items}})


def document(body: object) -> Answer:
    """200 with a JSON body."""
    return Answer(200, _JSON, msgspec.json.encode(body))
