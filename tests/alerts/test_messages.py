"""What alerts tell a person: facts where they are known, nothing in their place where not."""

from functools import partial
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.alerts.pages import certificate, metro
from tests.alerts.peers import PROMTOOLS
from tests.alerts.promtool import Message, descriptions
from tests.alerts.rules import NAMES
from tests.alerts.scrapes import answers, exporter, fails
from tests.world.tools import need

pytestmark = pytest.mark.e2e

TEXTS: Final = yaml.safe_load((Path(__file__).parent / "messages.yaml").read_text())
HOUR: Final = 3600.0
MINUTE: Final = 60

CERTIFICATES: Final = {
    "expired in use": ("Expired", certificate("expired critical", not_after=HOUR)),
    "expired unused, without a common name": (
        "Expired",
        certificate("expired warning", not_after=HOUR, common_name=""),
    ),
    "imminent": ("ExpiryImminent", certificate("imminent critical", not_after=HOUR)),
    "renewal overdue": ("RenewalOverdue", certificate("renewal_overdue warning", not_after=HOUR)),
    "expiring soon": ("ExpiringSoon", certificate("expiring_soon warning", not_after=HOUR)),
    "failed": ("Error", certificate("failed warning", not_after=HOUR)),
    "never issued": ("IssuancePending", certificate("never_issued critical", created=HOUR)),
    "validation retrying": (
        "ValidationRetrying",
        certificate("validation_retrying warning", attempts=4),
    ),
    "expiry unknown": ("ExpiryUnknown", certificate("expiry_unknown warning")),
    "not yet valid": ("NotYetValid", certificate("not_yet_valid warning", not_before=HOUR)),
    "unused": ("Unused", certificate("unused info", not_after=HOUR)),
}

alone = partial(answers, 1)
one_of_two = partial(answers, 1, shard=1, shards=2)

OTHERS: Final = {
    "without series": (
        "UKCOmittedCertificates",
        [alone(*(certificate("failed warning", name=name, shown=False) for name in "abc"))],
    ),
    "drift": (
        "UKCCertificateDrift",
        [
            alone(
                certificate(renewal="manual", not_after=72 * HOUR),
                certificate(metro="dal0", renewal="manual", not_after=24 * HOUR),
            )
        ],
    ),
    "refused token": (
        "UKCUnauthorized",
        [alone(metro(failing="unauthorized", last_success=MINUTE))],
    ),
    "refused token, never read, a shard": (
        "UKCUnauthorized",
        [one_of_two(metro(failing="unauthorized"))],
    ),
    "rate limited": ("UKCRateLimited", [alone(metro(failing="rate_limited", last_success=MINUTE))]),
    "unreachable": ("UKCMetroUnreachable", [alone(metro(failing="connect", last_success=MINUTE))]),
    "unreachable, never read, a shard": (
        "UKCMetroUnreachable",
        [one_of_two(metro(failing="unknown"))],
    ),
    "stale": ("UKCDataStale", [alone(metro(last_success=MINUTE))]),
    "never read, a shard": ("UKCDataStale", [one_of_two(metro(failing="unknown"))]),
    "skipped": ("UKCCertificatesSkipped", [alone(metro(skipped=2))]),
    "a field unread, a shard": ("UKCCertificatesSkipped", [one_of_two(metro(unread=2))]),
    "inventory dropped": ("UKCInventoryDropped", [answers(10, metro()), alone(metro(listed=4))]),
    "inventory dropped, a shard": (
        "UKCInventoryDropped",
        [answers(10, metro(), shard=1, shards=2), one_of_two(metro(listed=4))],
    ),
    "empty metro": ("UKCMetroEmpty", [alone(metro(listed=0))]),
    "clock skewed": ("UKCClockSkewed", [alone(metro(skew=-150))]),
    "down": ("UKCExporterDown", [answers(10, metro()), fails(1)]),
    "internal error": (
        "UKCExporterInternalError",
        [answers(10, metro()), answers(2, metro(), errors=1), alone(metro())],
    ),
    "reload failed": ("UKCExporterConfigReloadFailed", [alone(metro(), reloaded=False)]),
}

MESSAGES: Final = {
    **{
        name: Message(f"UKCCertificate{alert}", [exporter(alone(one))])
        for name, (alert, one) in CERTIFICATES.items()
    },
    **{
        f"{name}, while no exporter answers": Message(
            f"UKCCertificate{alert}", [exporter(answers(20, one), fails(1))]
        )
        for name, (alert, one) in CERTIFICATES.items()
    },
    **{name: Message(alert, [exporter(*phases)]) for name, (alert, phases) in OTHERS.items()},
    "shards down": Message(
        "UKCExporterDown",
        [exporter(alone(metro(), shard=n, shards=3), instance=f"{n}") for n in (0, 2)],
    ),
}


@pytest.mark.parametrize("program", PROMTOOLS.values(), ids=[*PROMTOOLS])
def test_messages(program: str, tmp_path: Path) -> None:
    """Each in full, as a person reads it."""
    need(program)

    assert descriptions(program, MESSAGES, tmp_path) == TEXTS


def test_each_alert_has_a_message() -> None:
    """No text goes unread."""
    assert {message.alert for message in MESSAGES.values()} == set(NAMES)
