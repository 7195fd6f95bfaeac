"""How a number reads: its colour, and the word that stands for it."""

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import dashboard

from . import rules

#: Colours from each value on; None is the colour below all of them.
Steps = list[tuple[float | None, str]]

STATES = {
    0: ("other", rules.UNKNOWN),
    1: ("valid", rules.OK),
    2: ("pending", rules.COLOURS["info"]),
    3: ("error", rules.COLOURS["critical"]),
}

#: What a number would need series for that the exporter was told not to give.
OFF = {-1: ("series are off", rules.UNKNOWN)}

#: The queue: what a certificate needs, the greatest number first. Its colour is its alert's.
VERDICTS = {
    9: ("Expired", rules.colour("UKCCertificateExpired")),
    8: ("Imminent", rules.colour("UKCCertificateExpiryImminent")),
    7: ("Failed", rules.colour("UKCCertificateError")),
    6: ("Never issued", rules.colour("UKCCertificateIssuancePending")),
    5: ("Overdue", rules.colour("UKCCertificateRenewalOverdue")),
    4: ("Expiring soon", rules.colour("UKCCertificateExpiringSoon")),
    3: ("Failed", rules.COLOURS["warning"]),
    2: ("Expired, unused", rules.COLOURS["warning"]),
    1: ("Never issued", rules.COLOURS["warning"]),
    0: ("OK", rules.OK),
    -1: ("Left over", rules.UNKNOWN),
    -2: ("Load the rules", rules.UNKNOWN),
}


def thresholds(steps: Steps) -> ThresholdsConfig:
    """The steps as the schema writes them."""
    return (
        ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(value=value, color=name) for value, name in steps])
    )


def always(name: str) -> FieldColor:
    """One colour, whatever the number."""
    return FieldColor().mode(dashboard.FieldColorModeId.FIXED).fixed_color(name)


def none_good(bad: str) -> Steps:
    """Grey where nobody looked, green at zero, `bad` from one on."""
    return [(None, rules.UNKNOWN), (0, rules.OK), (1, bad)]


def neutral(below_zero: str = rules.PLAIN) -> Steps:
    """No colour, but for what is less than nothing."""
    return [(None, below_zero), (0, rules.PLAIN)]


def words(texts: dict[int, tuple[str, str]] | dict[str, tuple[str, str]]) -> dashboard.ValueMap:
    """Values that are read as `(text, colour)`."""
    return dashboard.ValueMap(
        options={
            str(number): dashboard.ValueMappingResult(text=text, color=name, index=index)
            for index, (number, (text, name)) in enumerate(texts.items())
        }
    )


def unknown(text: str = "unknown") -> dashboard.SpecialValueMap:
    """What stands where there is no number at all."""
    return dashboard.SpecialValueMap(
        options=dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL,
            result=dashboard.ValueMappingResult(text=text, color=rules.UNKNOWN),
        )
    )


def beyond(value: float, text: str, name: str) -> dashboard.RangeMap:
    """A text for every number from `value` on."""
    return dashboard.RangeMap(
        options=dashboard.DashboardRangeMapOptions(
            from_val=value,
            to=None,
            result=dashboard.ValueMappingResult(text=text, color=name),
        )
    )


def age_steps() -> Steps:
    """Of data: fresh, stale, and withdrawn with the exporter's usual `stale_after` of an hour."""
    stale, withdrawn = float(rules.STALE_SECONDS), 3600.0
    return [
        (None, rules.UNKNOWN),
        (0, rules.OK),
        (stale, rules.colour("UKCDataStale")),
        (withdrawn, rules.COLOURS["critical"]),
    ]


def share_steps() -> Steps:
    """Of a lifetime that is left: the shares at which an automatic certificate changes colour."""
    return [
        (None, rules.colour("UKCCertificateExpiryImminent")),
        (float(rules.CRITICAL_SHARE), rules.colour("UKCCertificateRenewalOverdue")),
        (float(rules.WARNING_SHARE), rules.OK),
    ]


def attempt_steps() -> Steps:
    """Of validation attempts: no colour until their number is an alert."""
    return [
        (None, rules.PLAIN),
        (float(rules.ATTEMPTS), rules.colour("UKCCertificateValidationRetrying")),
    ]
