"""What the defaults let the exporter take is what the manifests and the unit give it."""

import re

from exporter.config import DEFAULT_MAX_RESPONSE_BYTES
from tests.deploy.test_kubernetes import BUILDS, container
from tests.deploy.test_systemd import UNIT

MIB = 1 << 20
AT_REST = 64 * MIB
"""Resident memory before anybody asks; measured 54 MB."""

INBOUND = 150 * MIB
"""What all clients together may add, whatever they do."""

ANSWER_FACTOR = 4
"""Memory of the longest answer while it is read and rendered, by its length; measured 2.3."""


def test_the_unit_gives_what_the_manifests_give() -> None:
    """The same in every overlay."""
    match = re.search(r"^MemoryMax=(\d+)M$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert match is not None
    limits = {container(build)["resources"]["limits"]["memory"] for build in BUILDS}

    assert {f"{match[1]}Mi"} == limits


def test_the_defaults_fit() -> None:
    """The longest answer by default, beside clients who do their worst."""
    match = re.search(r"^MemoryMax=(\d+)M$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert match is not None

    assert AT_REST + INBOUND + ANSWER_FACTOR * DEFAULT_MAX_RESPONSE_BYTES <= int(match[1]) * MIB
