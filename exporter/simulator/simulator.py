"""One metro of a simulated account: its fleet, its clock, its faults, and its ASGI application."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from exporter.simulator.faults.broken import substitute
from exporter.simulator.faults.faults import Fault, Faults
from exporter.simulator.http import asgi, control
from exporter.simulator.http.answers import Answer, RequestError, refused
from exporter.simulator.http.api import Api
from exporter.simulator.http.asgi import Receive, Request, Scope, Send
from exporter.simulator.http.endpoints import endpoint
from exporter.simulator.http.misbehaviour import substituted, write_spoiled
from exporter.simulator.world import fleet
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.entries import entries
from exporter.simulator.world.fleet import Fleet
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.refusal import RefusedError
from exporter.simulator.world.scenario import Scenario, seconds
from exporter.simulator.world.scenario_file import load


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
        metro: str = "fra",
        token: str = "secret",  # noqa: S107  (a simulated account's)
        clock: Clock | None = None,
        generation: int | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.metro = metro
        account = load(scenario)
        held = entries(account, seed, metro, self.clock.start)
        self._fleet = Fleet(held, f"{seed}/{metro}", account.quota)
        self._faults = Faults()
        self._api = Api(self._fleet, self.clock, token, generation or account.generation)
        for standing in account.faults:
            if standing.metros is None or metro in standing.metros:
                self.fault(standing.fault)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application: the API under /v1, the controls under /_sim/."""
        if scope["type"] != "http":
            return
        fault: Fault | None = None
        if not control.is_control(scope["path"]):
            fault = self._faults.take(endpoint(scope["method"].upper(), scope["path"]))
        other = fault and substitute(fault)
        try:
            request = await asgi.read(scope, receive)
            if request is None:
                return
            answer = substituted(other) if other else self._answer(request)
        except RequestError as exc:
            answer = exc.answer
        except RefusedError as exc:
            answer = refused(exc)
        if scope["method"].upper() == "HEAD":
            answer = replace(answer, body=b"")
        if fault is None or other:
            await asgi.write(answer, send)
        else:
            await write_spoiled(fault, answer, scope, receive, send)

    def _answer(self, request: Request) -> Answer:
        if control.is_control(request.path):
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
        return self._fleet.certificates(self.clock.now())

    def certificate(self, certificate: str) -> Certificate:
        """One of them, by uuid or name; LookupError where there is none."""
        uuid = self._fleet.find(certificate).uuid
        return next(one for one in self.certificates() if one.uuid == uuid)

    def fault(self, fault: Fault) -> None:
        """Inject a fault: it is active for its count of requests, or until cleared."""
        self._faults.add(fault)

    def faults(self) -> list[Fault]:
        """The active faults, each with the count that is left."""
        return self._faults.active()

    def clear_faults(self) -> None:
        """End all faults; requests that hang go on hanging."""
        self._faults.clear()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass at once, for every metro that shares the clock."""
        self.clock.advance(seconds)

    def attach(self, certificate: str, service_group: str | None = None) -> ServiceGroup:
        """Let one more service (of that name, or a made-up one) use a certificate."""
        return fleet.attach(self._fleet.find(certificate), service_group)

    def detach(
        self, certificate: str, service_group: str | None = None
    ) -> tuple[ServiceGroup, ...]:
        """Let a service (by name or uuid; None: all) no longer use a certificate; gives the rest.

        LookupError where the certificate or the service is not there.
        """
        return fleet.detach(self._fleet.find(certificate), service_group)

    def delete(self, certificate: str) -> None:
        """Take a certificate away, attached or not."""
        self._fleet.delete(self._fleet.find(certificate))

    def fail_next_validation(self, certificate: str, count: int = 1) -> list[int]:
        """Let the next validation attempts fail; gives the Unix times at which they will.

        LookupError for an unknown certificate, ValueError for one that nobody validates any more.
        """
        entry = self._fleet.find(certificate)
        return fleet.fail_next_validation(entry, self.clock.now(), count)

    def request(
        self, common_name: str, lifetime: str = "90d", service_group: str | None = None
    ) -> Certificate:
        """What `POST /v1/services` with a custom domain does: a certificate for it, attached.

        One that applies already is used; otherwise one of that lifetime (a duration) is requested,
        and starts its life `pending`. ValueError for a wildcard, which has to be uploaded.
        """
        now = self.clock.now()
        entry = self._fleet.request(common_name, seconds(lifetime), now)
        fleet.attach(entry, service_group)
        return entry.certificate(now)
