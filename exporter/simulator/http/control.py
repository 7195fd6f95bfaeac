"""The controls under `/_sim/`: an operator's hand in the simulated world, off the API's paths."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from exporter.simulator.faults.faults import Fault
from exporter.simulator.http.answers import Answer, RequestError, document, invalid
from exporter.simulator.http.asgi import Request
from exporter.simulator.world.fleet import RefusedError, UnknownError
from exporter.simulator.world.scenario import Span, Text, seconds

if TYPE_CHECKING:
    from exporter.simulator.simulator import Simulator

PREFIX = "/_sim"

S = TypeVar("S", bound=msgspec.Struct)


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    by: Span | Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    common_name: str
    lifetime: Span = "90d"
    service_group: Text | None = None


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str


class _Attachment(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str
    service_group: Text | None = None


class _Failing(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str
    count: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1


def answer(simulator: "Simulator", request: Request) -> Answer:
    """The answer to a control; what it refuses raises RequestError."""
    actions: dict[tuple[str, str], Callable[[], object]] = {
        ("GET", ""): simulator.status,
        ("GET", "/certificates"): simulator.certificates,
        ("GET", "/faults"): simulator.faults,
        ("POST", "/faults"): lambda: simulator.fault(_read(request, Fault)),
        ("DELETE", "/faults"): simulator.clear_faults,
        ("POST", "/clock"): lambda: _advance(simulator, _read(request, _Advance)),
        ("POST", "/request"): lambda: _order(simulator, _read(request, _Order)),
        ("POST", "/attach"): lambda: _attach(simulator, _read(request, _Attachment)),
        ("POST", "/detach"): lambda: _detach(simulator, _read(request, _Attachment)),
        ("POST", "/delete"): lambda: simulator.delete(_read(request, _Target).certificate),
        ("POST", "/fail-next-validation"): lambda: _fail(simulator, _read(request, _Failing)),
    }
    path = request.path.removeprefix(PREFIX).rstrip("/")
    action = actions.get((request.method, path))
    if action is None:
        allowed = ", ".join(method for method, known in actions if known == path)
        if allowed:
            raise RequestError(405, "Not allowed here", headers={"allow": allowed})
        known = ", ".join(f"{method} {PREFIX}{known}" for method, known in actions)
        raise RequestError(404, f"No such control; there are: {known}")
    try:
        return document({"status": "success", "data": action()})
    except UnknownError as exc:
        raise RequestError(404, str(exc)) from exc
    except RefusedError as exc:
        raise RequestError(409, str(exc)) from exc


def _advance(simulator: "Simulator", wanted: _Advance) -> object:
    by = seconds(wanted.by) if isinstance(wanted.by, str) else wanted.by
    simulator.advance(by)
    return simulator.status()


def _order(simulator: "Simulator", wanted: _Order) -> object:
    return simulator.request(wanted.common_name, wanted.lifetime, wanted.service_group)


def _attach(simulator: "Simulator", wanted: _Attachment) -> object:
    return simulator.attach(wanted.certificate, wanted.service_group)


def _detach(simulator: "Simulator", wanted: _Attachment) -> object:
    return simulator.detach(wanted.certificate, wanted.service_group)


def _fail(simulator: "Simulator", wanted: _Failing) -> object:
    return simulator.fail_next_validation(wanted.certificate, wanted.count)


def _read(request: Request, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise invalid(str(exc)) from exc
