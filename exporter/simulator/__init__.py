"""The certificates API of Unikraft Cloud, simulated from its specification alone."""

from exporter.simulator.clock import Clock
from exporter.simulator.faults import KINDS, Fault
from exporter.simulator.records import Certificate, ServiceGroup
from exporter.simulator.scenario import SCENARIOS, Scenario, ScenarioError
from exporter.simulator.server import Address, run, serve
from exporter.simulator.simulator import Simulator

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
