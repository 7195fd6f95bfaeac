"""One metro of a simulated account: its fleet, its clock, its faults, and its ASGI application."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from exporter.simulator.faults import broken
from exporter.simulator.faults.faults import Fault, Faults
from exporter.simulator.http import asgi, control
from exporter.simulator.http.answers import Answer, RequestError
from exporter.simulator.http.api import Api
from exporter.simulator.http.asgi import Receive, Request, Scope, Send
from exporter.simulator.http.endpoints import endpoint
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.entries import Entry
from exporter.simulator.world.fleet import UUID, Fleet, RefusedError, UnknownError
from exporter.simulator.world.identity import digest
from exporter.simulator.world.life import Plan
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.scenario import Scenario, load, seconds
from exporter.simulator.world.uploads import checked_domain, checked_name


class Simulator:
    """The certificates API of one metro, over a fleet that follows from scenario, seed and clock.

    Metros of one account share the clock and the seed; `metro` makes their fleets differ.
    `generation` 1 or 2 answers only what that generation of the API does; None takes the
    scenario's, or accepts both. Raises ScenarioError where the scenario cannot be.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "mixture",
        seed: int = 1,
        metro: str = "fra0",
        token: str = "secret",  # noqa: S107  (a simulated account's)
        clock: Clock | None = None,
        generation: int | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.metro = metro
        loaded = load(scenario)
        self._fleet = Fleet(loaded, seed, metro, self.clock.start)
        self._faults = Faults()
        self._api = Api(
            self._fleet, self.clock, token, generation or loaded.generation, loaded.quota
        )
        for standing in loaded.faults:
            if standing.metros is None or metro in standing.metros:
                self.fault(standing.fault)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: the API under /v1, the controls under /_sim/."""
        if scope["type"] != "http":
            return
        fault: Fault | None = None
        if not _controls(scope["path"]):
            fault = self._faults.take(endpoint(scope["method"].upper(), scope["path"]))
        try:
            request = await asgi.read(scope, receive)
            if request is None:
                return
            answer = (fault and broken.instead(fault)) or self._answer(request)
        except RequestError as exc:
            answer = exc.answer
        if scope["method"].upper() == "HEAD":
            answer = replace(answer, body=b"")
        if fault is None or broken.instead(fault) is not None:
            await asgi.write(answer, receive, send)
        else:
            await broken.maltreat(fault, answer, scope, receive, send)

    def _answer(self, request: Request) -> Answer:
        if _controls(request.path):
            return control.answer(self, request)
        return self._api.answer(request)

    def status(self) -> dict[str, object]:
        """The metro, the simulated time (Unix and ISO 8601), its speed, and how many there are."""
        now = self.clock.now()
        return {
            "metro": self.metro,
            "now": now,
            "time": datetime.fromtimestamp(now, UTC).isoformat(),
            "speed": self.clock.speed,
            "certificates": len(self._fleet),
        }

    def certificates(self) -> tuple[Certificate, ...]:
        """The truth at `clock.now()`: every certificate, in the order of the scenario."""
        now = self.clock.now()
        found = [self._fleet.certificate(index, now) for index in self._fleet.indices()]
        last: dict[str, int] = {}
        for one in found:
            if one.not_after is not None:
                last[one.common_name] = max(last.get(one.common_name, one.not_after), one.not_after)
        return tuple(
            replace(
                one, superseded=one.not_after is not None and one.not_after < last[one.common_name]
            )
            for one in found
        )

    def certificate(self, certificate: str) -> Certificate:
        """One of them, by uuid or name; LookupError where there is none."""
        index = self._index(certificate)
        uuid = self._fleet.ids(index)[0]
        return next(one for one in self.certificates() if one.uuid == uuid)

    def fault(self, fault: Fault) -> None:
        """Inject a fault: it stands for its count, or until cleared."""
        self._faults.add(fault)

    def faults(self) -> list[Fault]:
        """The faults that stand, each with the count that is left."""
        return self._faults.standing()

    def clear_faults(self) -> None:
        """Let no fault stand."""
        self._faults.clear()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass at once, for every metro that shares the clock."""
        self.clock.advance(seconds)

    def attach(self, certificate: str, service_group: str | None = None) -> ServiceGroup:
        """Let one more service (of that name, or a made-up one) use a certificate."""
        return self._fleet.attach(self._index(certificate), service_group)

    def detach(
        self, certificate: str, service_group: str | None = None
    ) -> tuple[ServiceGroup, ...]:
        """Let a service (by name or uuid; None: all) no longer use a certificate; gives the rest.

        LookupError where the certificate or the service is not there.
        """
        return self._fleet.detach(self._index(certificate), service_group)

    def delete(self, certificate: str) -> None:
        """Take a certificate away, attached or not."""
        self._fleet.delete(self._index(certificate))

    def fail_next_validation(self, certificate: str, count: int = 1) -> list[int]:
        """Let the next validation attempts fail; gives the Unix times at which they will.

        LookupError for an unknown certificate, ValueError for one that nobody validates any more.
        """
        if count < 1:
            raise RefusedError(f"count: expected 1 or more, got {count}")
        index = self._index(certificate)
        return self._fleet.fail_next_validation(index, self.clock.now(), count)

    def request(
        self, common_name: str, lifetime: str = "90d", service_group: str | None = None
    ) -> Certificate:
        """What `POST /v1/services` with a custom domain does: a certificate for it, attached.

        One that applies already is used; otherwise one of that lifetime (a duration) is requested,
        and starts its life `pending`. ValueError for a wildcard, which has to be uploaded.
        """
        try:
            domain = checked_domain(common_name).lower()
        except RequestError as exc:
            raise RefusedError(exc.message) from exc
        index = self._applying(domain)
        if index is None:
            if domain.startswith("*."):
                raise RefusedError("a wildcard certificate is never requested, only uploaded")
            created_at = math.floor(self.clock.now())
            index = self._fleet.add(
                Entry(
                    name=checked_name(self._fleet, None, domain),
                    common_name=domain,
                    plan=Plan(created_at, seconds(lifetime)),
                    uploaded=False,
                    key=digest(self._fleet.seed, self._fleet.next_index),
                    subject=f"CN={domain}",
                )
            )
        self._fleet.attach(index, service_group)
        return self._fleet.certificate(index, self.clock.now())

    def _applying(self, domain: str) -> int | None:
        """A certificate for the domain itself or for the wildcard above it."""
        wanted = {domain, re.sub(r"^[^.]+", "*", domain)}
        indices = self._fleet.indices()
        return next((n for n in indices if self._fleet.common_name(n).lower() in wanted), None)

    def _index(self, certificate: str) -> int:
        if UUID.fullmatch(certificate.lower()):
            index = self._fleet.by_uuid(certificate.lower())
        else:
            index = self._fleet.by_name(certificate)
        if index is None:
            raise UnknownError(f"No certificate {certificate}")
        return index


def _controls(path: str) -> bool:
    return path == control.PREFIX or path.startswith(f"{control.PREFIX}/")
