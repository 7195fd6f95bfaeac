"""How a number reads: its colour, and the word that stands for it."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import dashboard

from exporter.judgement import COLOURS, REASONS

from .queries.fleet import STEP
from .severities import ALERTS, OK, PLAIN, RANKS, UNKNOWN, anchor

#: Colours from each value on; None is the colour below all of them.
Steps = list[tuple[float | None, str]]


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
    """Grey where nobody looked or a search found nothing, green at zero, `bad` from one on."""
    return [(None, UNKNOWN), (0, OK), (1, bad)]


def some_good() -> Steps:
    """Grey where nobody looked or a search found nothing, green from one on."""
    return [(None, UNKNOWN), (0, PLAIN), (1, OK)]


def neutral() -> Steps:
    """No colour."""
    return [(None, PLAIN)]


def from_on(value: float, name: str) -> Steps:
    """No colour below the value."""
    return [(None, PLAIN), (value, name)]


def words(texts: Mapping[str, tuple[str, str | None]]) -> dashboard.ValueMap:
    """Values that are read as `(text, colour)`."""
    return dashboard.ValueMap(
        options={
            value: dashboard.ValueMappingResult(text=text, color=name, index=index)
            for index, (value, (text, name)) in enumerate(texts.items())
        }
    )


def unknown(text: str = "unknown") -> dashboard.SpecialValueMap:
    """What stands where there is no number at all."""
    return dashboard.SpecialValueMap(
        options=dashboard.DashboardSpecialValueMapOptions(
            match=dashboard.SpecialValueMatch.NULL,
            result=dashboard.ValueMappingResult(text=text, color=UNKNOWN),
        )
    )


#: Further than any number goes. Grafana 10 reads a range without an end as one that ends at 0.
FAR = 1e18


def between(start: float, end: float, text: str, name: str) -> dashboard.RangeMap:
    """A text for every number of a range, its ends included."""
    return dashboard.RangeMap(
        options=dashboard.DashboardRangeMapOptions(
            from_val=start,
            to=end,
            result=dashboard.ValueMappingResult(text=text, color=name),
        )
    )


#: What a search that finds nothing gives a tile.
MISSED = words({"-1": ("no match", UNKNOWN)})

#: Ranks by themselves; above all of them is a remark about what is not shown.
SEVERITIES = words(
    {
        "0": ("OK", OK),
        **{str(rank): (s, COLOURS[s]) for s, rank in RANKS.items()},
        str(len(RANKS) + 1): ("partial", UNKNOWN),
    }
)

#: Ranks as the table of what needs attention has them: a step each, less a moment; a remark is
#: above all of them.
SCORES = [
    between(4 * STEP, FAR, "partial", UNKNOWN),
    *(
        between((rank - 1) * STEP + 1, rank * STEP, severity, COLOURS[severity])
        for severity, rank in RANKS.items()
    ),
    between(-FAR, 0, "OK", OK),
]

_SECTIONS = {
    **{reason.name: reason.alert for reason in REASONS},
    **{alert: alert for alert in (*ALERTS, *(reason.alert for reason in REASONS))},
    "not_read": "UKCMetroUnreachable",
    "not_shown": "UKCOmittedCertificates",
}
#: Reasons and alerts as addresses within the runbook have them.
ANCHORS = words({name: (anchor(alert), None) for name, alert in _SECTIONS.items()})
