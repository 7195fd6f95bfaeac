"""What alerts tell a person: facts where they are known, nothing in their place where not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.alerts.pages import Certificate, Metro, certificate, metro
from tests.alerts.peers import PROMTOOLS
from tests.alerts.promtool import Message, descriptions
from tests.alerts.rules import NAMES
from tests.alerts.scrapes import Target, answers, exporter, fails
from tests.world.tools import need

pytestmark = pytest.mark.e2e

API: Final = "api for api.example.com (account acme, metro fra0)"
HOUR: Final = 3600.0
AT: Final = "1970-01-01 01:00:00 +0000 UTC"
MINUTE: Final = 60

CERTIFICATES: Final = (
    # A certificate, its alert, what that tells, and what while no exporter answers.
    (
        certificate("expired critical", not_after=HOUR),
        "UKCCertificateExpired",
        f"The certificate {API} expired at {AT}. "
        "Clients refuse to connect to every service that uses it.",
        f"The certificate {API} expired. Clients refuse to connect to every service that uses it.",
    ),
    (
        certificate("expired warning", not_after=HOUR, common_name=""),
        "UKCCertificateExpired",
        f"The certificate api (account acme, metro fra0) expired at {AT}. No service uses it, "
        "so nothing is down: delete it, or replace it before it is attached.",
        "The certificate api (account acme, metro fra0) expired. No service uses it, "
        "so nothing is down: delete it, or replace it before it is attached.",
    ),
    (
        certificate("imminent critical", not_after=HOUR),
        "UKCCertificateExpiryImminent",
        f"The certificate {API} expires at {AT}, and has not been renewed. "
        "From then on clients refuse to connect to every service that uses it.",
        f"The certificate {API} is about to expire, and has not been renewed. "
        "From then on clients refuse to connect to every service that uses it.",
    ),
    (
        certificate("renewal_overdue warning", not_after=HOUR),
        "UKCCertificateRenewalOverdue",
        f"The platform should have renewed the certificate {API} by now, and has not. It is valid "
        f"until {AT}. Once it has expired, clients refuse to connect to every service that uses it.",
        f"The platform should have renewed the certificate {API} by now, and has not. "
        "Once it has expired, clients refuse to connect to every service that uses it.",
    ),
    (
        certificate("expiring_soon warning", not_after=HOUR),
        "UKCCertificateExpiringSoon",
        f"The certificate {API} expires soon, at {AT}. The platform is not known to renew it: "
        "upload a new one before then, or clients refuse to connect to every service that uses it.",
        f"The certificate {API} expires soon. The platform is not known to renew it: "
        "upload a new one before then, or clients refuse to connect to every service that uses it.",
    ),
    (
        certificate("failed warning", not_after=HOUR),
        "UKCCertificateError",
        f"The certificate {API} is in state `error`: the platform makes no further attempts "
        f"until somebody acts. What was issued before is valid until {AT}.",
        f"The certificate {API} is in state `error`: the platform makes no further attempts "
        "until somebody acts. If it was never issued, services that use it cannot be reached over TLS.",
    ),
    (
        certificate("never_issued critical", created=HOUR),
        "UKCCertificateIssuancePending",
        f"The certificate {API} was requested at {AT} and has not been issued. "
        "Services that use it cannot be reached over TLS until it is.",
        f"The certificate {API} was requested and has not been issued. "
        "Services that use it cannot be reached over TLS until it is.",
    ),
    (
        certificate("validation_retrying warning", attempts=4),
        "UKCCertificateValidationRetrying",
        f"The domain validation of the certificate {API} keeps failing, 4 attempts so far. "
        "After some more the platform gives up (state `error`), and it is not issued or not renewed.",
        f"The domain validation of the certificate {API} keeps failing. "
        "After some more the platform gives up (state `error`), and it is not issued or not renewed.",
    ),
    (
        certificate("expiry_unknown warning"),
        "UKCCertificateExpiryUnknown",
        f"The API has never told when the certificate {API} expires, so no alert can announce it.",
        f"The API has never told when the certificate {API} expires, so no alert can announce it.",
    ),
    (
        certificate("not_yet_valid warning", not_before=HOUR),
        "UKCCertificateNotYetValid",
        f"The certificate {API} is not valid before {AT}: "
        "until then clients refuse it wherever it is attached.",
        f"The certificate {API} is not valid yet: "
        "until then clients refuse it wherever it is attached.",
    ),
    (
        certificate("unused info", not_after=HOUR),
        "UKCCertificateUnused",
        f"The certificate {API} has been attached to no service for 7 days and is valid until {AT}: "
        "either its domain is served with another certificate, or nobody needs it.",
        f"The certificate {API} has been attached to no service for 7 days: "
        "either its domain is served with another certificate, or nobody needs it.",
    ),
)


def shows(
    *parts: Certificate | Metro,
    shard: int = 0,
    shards: int = 1,
    errors: float = 0,
    reloaded: bool = True,
) -> Sequence[Target]:
    """An exporter that shows these parts, or one of two shards that does."""
    return [
        exporter(answers(1, *parts, shard=shard, shards=shards, errors=errors, reloaded=reloaded))
    ]


def falls(shard: int = 0, shards: int = 1) -> Sequence[Target]:
    """An exporter, or a shard, that lists ten certificates and then four."""
    before = answers(10, metro(), shard=shard, shards=shards)
    return [exporter(before, answers(1, metro(listed=4), shard=shard, shards=shards))]


REFUSED = metro(failing="unauthorized", last_success=MINUTE)
LIMITED = metro(failing="rate_limited", last_success=MINUTE)
LOST = metro(failing="connect", last_success=MINUTE)
LAST = "1970-01-01 00:01:00 +0000 UTC"
DRIFT = tuple(
    certificate(metro=name, renewal="manual", not_after=days * 86_400)
    for name, days in (("fra0", 3), ("dal0", 1))
)

OTHERS: Final = (
    (
        "UKCOmittedCertificates",
        shows(*(certificate("failed warning", name=name, shown=False) for name in "abc")),
        "3 certificates of account acme in metro fra0 need attention (reason: failed), and no alert "
        "names them: their series are off (`series` or `max_certificates`). "
        "`ukc-certificate-exporter status` lists them.",
    ),
    (
        "UKCCertificateDrift",
        shows(*DRIFT),
        "api.example.com (account acme) has been uploaded to some metros only: for a day its expiry "
        "has differed by 2d 0h 0m 0s between them. Valid until: dal0 1970-01-02 00:00:00 +0000 UTC; "
        "fra0 1970-01-04 00:00:00 +0000 UTC;",
    ),
    (
        "UKCUnauthorized",
        shows(REFUSED),
        "The API of metro fra0 refuses the token of account acme. Its certificates were last read at "
        f"{LAST}: until the token is replaced, a renewal, an error or a new certificate there stays "
        "unseen.",
    ),
    (
        "UKCUnauthorized",
        shows(metro(failing="unauthorized"), shard=1, shards=2),
        "The API of metro fra0 refuses the token of account acme (shard 1). Its certificates have not "
        "been read since the exporter started: until the token is replaced, a renewal, an error or a "
        "new certificate there stays unseen.",
    ),
    (
        "UKCRateLimited",
        shows(LIMITED),
        "The API of metro fra0 answers account acme with 429 Too Many Requests. Its certificates were "
        f"last read at {LAST}: until it answers, a renewal, an error or a new certificate there stays "
        "unseen.",
    ),
    (
        "UKCMetroUnreachable",
        shows(LOST),
        "The API of metro fra0 gives account acme no usable answer (reason: connect). Its certificates "
        f"were last read at {LAST}, and are still judged by that: until it answers, a renewal, an "
        "error or a new certificate there stays unseen.",
    ),
    (
        "UKCMetroUnreachable",
        shows(metro(failing="unknown"), shard=1, shards=2),
        "The API of metro fra0 gives account acme (shard 1) no usable answer (reason: not known). Its "
        "certificates have not been read since the exporter started: until it answers, a renewal, an "
        "error or a new certificate there stays unseen.",
    ),
    (
        "UKCDataStale",
        shows(metro(last_success=MINUTE)),
        f"The certificates of account acme in metro fra0 were last read at {LAST}: what the exporter "
        "says of them is that old.",
    ),
    (
        "UKCDataStale",
        shows(metro(failing="unknown"), shard=1, shards=2),
        "The certificates of account acme in metro fra0 (shard 1) have not been read since the "
        "exporter started, so it can say nothing about them.",
    ),
    (
        "UKCCertificatesSkipped",
        shows(metro(skipped=2)),
        "2 certificates of account acme in metro fra0 have been unreadable (reason: undecodable) for "
        "at least 15 minutes: they are missing from /metrics or out of date, and no alert watches them.",
    ),
    (
        "UKCCertificatesSkipped",
        shows(metro(unread=2), shard=1, shards=2),
        "The field `serial_number` of 2 certificates of account acme in metro fra0 (shard 1) has been "
        "unreadable, or is no longer told, for at least 15 minutes: they are judged without it, or by "
        "what was told before.",
    ),
    (
        "UKCInventoryDropped",
        falls(),
        "Within the last hour the certificates of account acme in metro fra0 fell from 10 to 4, while "
        "the API answered: those that are gone are no longer watched, and services that used them may "
        "be without TLS.",
    ),
    (
        "UKCInventoryDropped",
        falls(shard=1, shards=2),
        "Within the last hour the certificates of account acme in metro fra0 (shard 1) fell from 10 "
        "to 4, while the API answered: those that are gone are no longer watched, and services that "
        "used them may be without TLS.",
    ),
    (
        "UKCMetroEmpty",
        shows(metro(listed=0)),
        "Metro fra0 of account acme has been read for more than a day and has not listed a single "
        "certificate: it may be the wrong metro, or the token of another account.",
    ),
    (
        "UKCClockSkewed",
        shows(metro(skew=-150)),
        "The clock of the exporter and that of the API of metro fra0 (account acme) differ by 2m 30s. "
        "If it is the exporter's that is wrong, what it says about expiry is early or late by as much.",
    ),
    (
        "UKCExporterDown",
        [exporter(answers(10, metro()), fails(1))],
        "No replica of ukc-certificate-exporter has answered Prometheus for 5 minutes: certificates "
        "are not watched, and their alerts repeat what was said last.",
    ),
    (
        "UKCExporterDown",
        [exporter(answers(1, metro(), shard=n, shards=3), instance=str(n)) for n in (0, 2)],
        "Of the 3 shards of ukc-certificate-exporter only 0, 2 answer Prometheus: the certificates of "
        "the others are not watched, and their alerts repeat what was said last.",
    ),
    (
        "UKCExporterInternalError",
        [exporter(answers(10, metro()), answers(2, metro(), errors=1), answers(1, metro()))],
        "ukc-certificate-exporter met 2 errors of its own within the last hour: what it was doing then "
        "did not happen. Its log has the traceback.",
    ),
    (
        "UKCExporterConfigReloadFailed",
        [exporter(answers(1, metro(), reloaded=False))],
        "A replica of ukc-certificate-exporter refused its changed configuration and has run on the "
        "old one for 5 minutes: metros and accounts that were added are not watched, and it would not "
        "start again.",
    ),
)

MESSAGES: Final = (
    *(Message(alert, shows(one), text) for one, alert, text, _ in CERTIFICATES),
    *(
        Message(alert, [exporter(answers(20, one), fails(1))], text)
        for one, alert, _, text in CERTIFICATES
    ),
    *(Message(*other) for other in OTHERS),
)


@pytest.mark.parametrize("program", PROMTOOLS.values(), ids=PROMTOOLS)
def test_messages(program: str, tmp_path: Path) -> None:
    """Each in full, as a person reads it."""
    need(program)

    assert descriptions(program, MESSAGES, tmp_path) == [m.description for m in MESSAGES]


def test_each_alert_has_a_message() -> None:
    """No text goes unread."""
    assert {message.alert for message in MESSAGES} == set(NAMES)
