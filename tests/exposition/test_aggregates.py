"""A metro's certificates as a whole: certificates in, lines out."""

import pytest

from exporter.api.model import Certificate
from exporter.exposition.aggregates import AGGREGATES, BOUNDS, Metro, fleet
from exporter.exposition.families import FAMILIES
from exporter.judgement import PAIRS
from tests.world.builders import DAY, FRA, NOT_AFTER, certificate, judged

NOW = NOT_AFTER - 30 * DAY


def lines(family: str, *certificates: Certificate) -> dict[str, str]:
    """The values of a family by what stands between its braces, without the metro's labels."""
    (found,) = (a for a in AGGREGATES if a.name == family)
    metro = Metro(FRA, fleet(judged(*certificates, now=NOW)), {"series": 1}, NOW)
    pairs = (line.rstrip("\n").rpartition(" ") for line in found.lines(metro))
    known = 'account="default",metro="fra0"'
    return {p.partition("{")[2][:-1].replace(known, "").lstrip(","): v for p, _, v in pairs}


def test_states_and_renewals_exist_from_the_start() -> None:
    """A zero for each, so that what happens first is a change."""
    got = lines("ukc_certificates")

    assert set(got.values()) == {"0"}
    assert len(got) == 9


@pytest.mark.parametrize(
    ("overrides", "want"),
    [
        ({}, 'state="valid",renewal="automatic"'),
        ({"common_name": "*.a"}, 'state="valid",renewal="manual"'),
        ({"not_after": None, "state": "pending"}, 'state="pending",renewal="unknown"'),
        ({"state": ""}, 'state="unknown",renewal="automatic"'),
        ({"state": 'a"b'}, 'state="a\\"b",renewal="automatic"'),
    ],
)
def test_certificates_are_counted(overrides: dict[str, str], want: str) -> None:
    """Each once, also in a state of the future."""
    got = lines("ukc_certificates", certificate(**overrides), certificate(**overrides))

    assert {want: "2"} == {labels: value for labels, value in got.items() if value != "0"}


def test_attention_is_counted() -> None:
    """With a zero for every pair of the table, and each reason of a certificate."""
    odd = certificate(state="error", not_after=NOW - 1, service_groups=None)
    got = lines("ukc_certificates_attention", odd, certificate(), odd)

    assert list(got) == [f'reason="{reason}",severity="{severity}"' for reason, severity in PAIRS]
    assert {labels: value for labels, value in got.items() if value != "0"} == {
        'reason="expired",severity="critical"': "2",
        'reason="failed",severity="critical"': "2",
    }


def test_days_to_expiry_fall_into_buckets() -> None:
    """Cumulative, bounds included; what was never issued is in none."""
    ends = [NOW + days * DAY for days in (-2, -1, 0, 0.5, 30, 31, 500)]
    found = [certificate(not_after=end) for end in (*ends, None)]
    got = lines("ukc_certificates_expiry_days", *found)
    want = [2, 3, 4, 4, 4, 4, 4, 5, 6, 6, 6, 7]

    assert [f'le="{bound:.1f}"' for bound in BOUNDS] + ['le="+Inf"'] == list(got)
    assert list(map(str, want)) == list(got.values())
    assert lines("ukc_certificates_expiry_days_count", *found) == {"": "7"}


def test_omitted_certificates_are_counted() -> None:
    """By the setting that says so."""
    assert lines("ukc_certificates_omitted") == {'reason="series"': "1"}


def test_both_tables_hold_together() -> None:
    """No name stands in both."""
    names = [f.name for f in FAMILIES] + [a.name for a in AGGREGATES]

    assert len(names) == len(set(names))
