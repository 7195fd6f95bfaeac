"""The certificates API of Unikraft Cloud, simulated from its specification alone.

`world` holds what is true, `http` says it on the wire, `faults` describes what goes wrong;
`simulator` puts them together, and `command` serves that. Nothing of the exporter may enter, so
that a misreading of the specification cannot agree with itself.
"""

from exporter.simulator.command import run
from exporter.simulator.faults.faults import KINDS, Fault
from exporter.simulator.http.server import Address, serve
from exporter.simulator.simulator import Simulator
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.scenario import Scenario, ScenarioError
from exporter.simulator.world.scenario_file import SCENARIOS

__all__ = [
    "KINDS",
    "SCENARIOS",
    "Address",
    "Certificate",
    "Clock",
    "Fault",
    "Scenario",
    "ScenarioError",
    "ServiceGroup",
    "Simulator",
    "run",
    "serve",
]
