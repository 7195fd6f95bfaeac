"""Answers in the API's envelope, and the error codes an item or a request can carry."""

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from exporter.simulator.world.records import Item

JSON = {"content-type": "application/json"}


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


class Answer(msgspec.Struct, frozen=True):
    """A status, headers and a body: whole, or in pieces where its length is not known."""

    status: int
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]


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
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}

    @property
    def answer(self) -> Answer:
        """The refusal as it goes out."""
        return failure(self.status, self.message, self.code, self.headers)


def invalid(message: str, code: Code = Code.INVALID) -> RequestError:
    """A parameter or a body that the specification does not allow: 400."""
    return RequestError(400, message, code)


def refusal(status: int, message: str, code: Code | None = None) -> bytes:
    """The envelope of an HTTP error."""
    error: dict[str, Any] = {"status": status, "message": message}
    if code is not None:
        error["error"] = int(code)
    return encoded({"status": "error", "message": message, "errors": [error]})


def failure(
    status: int,
    message: str,
    code: Code | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An HTTP error whose body is the envelope with `errors`."""
    return Answer(status, {**JSON, **(headers or {})}, refusal(status, message, code))


def failed(code: Code, message: str, uuid: str | None = None, name: str | None = None) -> Item:
    """An item that failed inside an answer whose HTTP status stays 200."""
    return Item(status="error", uuid=uuid, name=name, message=message, error=int(code))


def success(items: Sequence[Item]) -> Answer:
    """The envelope around the items; its status follows from theirs."""
    failures = sum(item.status == "error" for item in items)
    if not failures:
        status = "success"
    elif failures < len(items):
        status = "partial_success"
    else:
        status = "error"
    envelope: dict[str, Any] = {"status": status}
    if failures:
        message = next(item.message for item in items if item.status == "error")
        envelope["message"] = message
    return document({**envelope, "data": {"certificates": items}})


def document(body: object) -> Answer:
    """200 with a JSON body of known length."""
    return Answer(200, JSON, encoded(body))


def encoded(body: object) -> bytes:
    """The one JSON writing of a body."""
    return msgspec.json.encode(body)
