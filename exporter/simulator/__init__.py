"""The certificates API of Unikraft Cloud, simulated from its specification alone."""

from exporter.simulator.faults.faults import KINDS, Fault
from exporter.simulator.http.server import Address, run, serve
from exporter.simulator.simulator import Simulator
from exporter.simulator.world.clock import Clock
from exporter.simulator.world.records import Certificate, ServiceGroup
from exporter.simulator.world.scenario import SCENARIOS, Scenario, ScenarioError

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
