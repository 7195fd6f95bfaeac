"""The controls under `/_sim/`: an operator's hand in the simulated world, off the API's paths."""

from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

import msgspec

from exporter.simulator.faults.faults import Fault
from exporter.simulator.http.answers import Answer, RequestError, document, invalid
from exporter.simulator.http.asgi import Request
from exporter.simulator.world.refusal import RefusedError, UnknownError
from exporter.simulator.world.scenario import Span, Text, seconds

PREFIX = "/_sim"

S = TypeVar("S", bound=msgspec.Struct)


class Controlled(Protocol):
    """What the controls move: each of these is a control of its name, and may refuse."""

    def status(self) -> object: ...
    def certificates(self) -> object: ...
    def faults(self) -> object: ...
    def fault(self, fault: Fault) -> None: ...
    def clear_faults(self) -> None: ...
    def advance(self, seconds: float) -> None: ...
    def request(self, common_name: str, lifetime: str, service_group: str | None) -> object: ...
    def attach(self, certificate: str, service_group: str | None) -> object: ...
    def detach(self, certificate: str, service_group: str | None) -> object: ...
    def delete(self, certificate: str) -> object: ...
    def fail_next_validation(self, certificate: str, count: int) -> object: ...


class _Clock(msgspec.Struct, forbid_unknown_fields=True):
    by: Span | Annotated[float, msgspec.Meta(ge=0, le=1e11)]

    def apply(self, world: Controlled) -> object:
        world.advance(seconds(self.by) if isinstance(self.by, str) else self.by)
        return world.status()


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    common_name: str
    lifetime: Span = "90d"
    service_group: Text | None = None

    def apply(self, world: Controlled) -> object:
        return world.request(self.common_name, self.lifetime, self.service_group)


class _Attach(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str
    service_group: Text | None = None

    def apply(self, world: Controlled) -> object:
        return world.attach(self.certificate, self.service_group)


class _Detach(_Attach, forbid_unknown_fields=True):
    def apply(self, world: Controlled) -> object:
        return world.detach(self.certificate, self.service_group)


class _Delete(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str

    def apply(self, world: Controlled) -> object:
        return world.delete(self.certificate)


class _FailNextValidation(msgspec.Struct, forbid_unknown_fields=True):
    certificate: str
    count: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1

    def apply(self, world: Controlled) -> object:
        return world.fail_next_validation(self.certificate, self.count)


_CONTROLS: dict[tuple[str, str], Callable[[Controlled, bytes], object]] = {
    ("GET", ""): lambda world, _: world.status(),
    ("GET", "/certificates"): lambda world, _: world.certificates(),
    ("GET", "/faults"): lambda world, _: world.faults(),
    ("POST", "/faults"): lambda world, body: world.fault(_read(body, Fault)),
    ("DELETE", "/faults"): lambda world, _: world.clear_faults(),
    ("POST", "/clock"): lambda world, body: _read(body, _Clock).apply(world),
    ("POST", "/request"): lambda world, body: _read(body, _Request).apply(world),
    ("POST", "/attach"): lambda world, body: _read(body, _Attach).apply(world),
    ("POST", "/detach"): lambda world, body: _read(body, _Detach).apply(world),
    ("POST", "/delete"): lambda world, body: _read(body, _Delete).apply(world),
    ("POST", "/fail-next-validation"): lambda world, body: _read(body, _FailNextValidation).apply(
        world
    ),
}


def is_control(path: str) -> bool:
    """Whether a request to that path is for the controls, not for the API."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def answer(world: Controlled, request: Request) -> Answer:
    """The answer to a control; raises RequestError for one that cannot be."""
    path = request.path.removeprefix(PREFIX).rstrip("/")
    control = _CONTROLS.get((request.method, path))
    if control is None:
        raise _no_such_control(path)
    try:
        return document({"status": "success", "data": control(world, request.body)})
    except UnknownError as exc:
        raise RequestError(404, str(exc)) from exc
    except RefusedError as exc:
        raise RequestError(409, str(exc)) from exc


def _no_such_control(path: str) -> RequestError:
    methods = ", ".join(method for method, known in _CONTROLS if known == path)
    if methods:
        return RequestError(405, "Not allowed here", headers={"allow": methods})
    controls = ", ".join(f"{method} {PREFIX}{known}" for method, known in _CONTROLS)
    return RequestError(404, f"No such control; there are: {controls}")


def _read(body: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise invalid(str(exc)) from exc
