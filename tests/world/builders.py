"""Valid things to start from: a test states only what it is about."""

import json
from pathlib import Path
from typing import Any

from exporter.api.model import Certificate, ServiceGroup
from exporter.api.protocol import Reading
from exporter.judgement import Judgement, judge
from exporter.polling.snapshot import Key, MetroSnapshot

SAMPLES = Path(__file__).parent / "samples"
UUID = "0b8fda39-d326-426e-827e-093e4c173dc8"
NOT_AFTER = 1717614370
DAY = 86400
FRA = Key("default", "fra0")


def certificate(**overrides: Any) -> Certificate:
    """The specification's valid certificate, as the exporter knows it."""
    return Certificate(
        **{
            "uuid": UUID,
            "name": "example.com-x9d9k",
            "common_name": "example.com",
            "state": "valid",
            "created_at": 1709838364,
            "not_before": 1709838371,
            "not_after": NOT_AFTER,
            "subject": "CN=example.com",
            "issuer": "CN=R3,O=Let's Encrypt,C=US",
            "serial_number": "1A2B3C4D5E6F7A8B9C0D1E2F3A4B5C6D7E8F",
            "service_groups": (
                ServiceGroup("3b5b4c36-2c9b-46e4-80c6-7e5b561938c2", "young-monkey-uq6dxq0u"),
            ),
            **overrides,
        }
    )


def item(**overrides: Any) -> dict[str, Any]:
    """The specification's valid certificate, as it stands on the wire; `...` leaves a key out."""
    valid = json.loads((SAMPLES / "valid.json").read_text())["data"]["certificates"][0]
    return {key: value for key, value in {**valid, **overrides}.items() if value is not ...}


def body(*items: Any, **envelope: Any) -> bytes:
    """An answer with these items."""
    answer = {"status": "success", "data": {"certificates": list(items)}, **envelope}
    return json.dumps({k: v for k, v in answer.items() if v is not ...}).encode()


def snapshot(*certificates: Certificate, **overrides: Any) -> MetroSnapshot:
    """A complete look at `fra0` that found these certificates."""
    return MetroSnapshot(
        **{
            "key": FRA,
            "taken_at": NOT_AFTER - 30 * DAY,
            "listed": len(certificates),
            "certificates": certificates,
            **overrides,
        }
    )


def judged(*certificates: Certificate, now: float = NOT_AFTER - 60 * DAY) -> Judgement:
    """These certificates, judged by the default policy."""
    return judge(certificates, now)


def reading(*certificates: Certificate, **overrides: Any) -> Reading:
    """What an answer with these certificates says."""
    return Reading(
        **{"listed": len(certificates), "certificates": certificates, "unread": (), **overrides}
    )
