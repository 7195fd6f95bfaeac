"""Made-up fleets of any size, as the API would list them."""

import datetime as dt
import random
import uuid
from typing import Any

import msgspec

_SPREAD_SECONDS = 60 * 86400
# Healthy ones: none is so old that its renewal is overdue.
_BEGIN = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(seconds=_SPREAD_SECONDS)
_LIFETIME = dt.timedelta(days=90)


def fleet(count: int, *, metro: int = 0, renewed: int = 0) -> list[dict[str, Any]]:
    """So many certificates of a metro; `renewed` of them, evenly spread, renewed once more."""
    random_ = random.Random(metro)  # noqa: S311
    return [
        _item(random_, index, renewal=(index + 1) * renewed // count - index * renewed // count)
        for index in range(count)
    ]


def answer(items: list[dict[str, Any]]) -> bytes:
    """What the API answers: everything with details."""
    return msgspec.json.encode({"status": "success", "data": {"certificates": items}})


def _item(random_: random.Random, index: int, *, renewal: int) -> dict[str, Any]:
    identity, group, serial = (random_.getrandbits(bits) for bits in (128, 128, 140))
    not_before = _BEGIN + dt.timedelta(seconds=random_.randrange(_SPREAD_SECONDS) + renewal)
    name = f"tenant-{index:06d}.customers.example.com"
    return {
        "uuid": str(uuid.UUID(int=identity)),
        "name": f"{name}-{random_.getrandbits(20):05x}",
        "created_at": _text(not_before - dt.timedelta(seconds=7)),
        "common_name": name,
        "state": "valid",
        "subject": f"CN={name}",
        "issuer": "CN=R3,O=Let's Encrypt,C=US",
        "serial_number": f"{serial + renewal:036X}",
        "not_before": _text(not_before),
        "not_after": _text(not_before + _LIFETIME),
        "service_groups": [
            {"uuid": str(uuid.UUID(int=group)), "name": f"young-monkey-{random_.getrandbits(40):x}"}
        ],
    }


def _text(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
