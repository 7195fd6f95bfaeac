"""`thresholds` and `renewal`: three levels in, the limits of a metro out."""

from pathlib import Path

import pytest

from exporter.config import Expiry, Metro, Patience, Pattern, Renewal, Thresholds
from exporter.config.file import parse
from exporter.config.thresholds import merged
from exporter.errors import ConfigurationError

DAY = 86400.0


def metro(top: str = "", account: str = "", own: str = "") -> Metro:
    """The metro of a file with these additions at the top, to the account and to the metro."""
    text = f"""
{top}
accounts:
  - name: default
    token_env: UKC_TOKEN
    {account}
    metros: [{{name: lab, url: "http://[::1]"{", " if own else ""}{own}}}]
"""
    return parse(text.encode(), Path("f.yaml"), {"UKC_TOKEN": "t"}).accounts[0].metros[0]


DEFAULT = Thresholds()


@pytest.mark.parametrize(
    ("top", "account", "own", "want"),
    [
        pytest.param("", "", "", DEFAULT, id="defaults"),
        pytest.param("thresholds: {}", "thresholds: {manual: {}}", "", DEFAULT, id="nothing said"),
        pytest.param(
            "",
            "thresholds: {manual: {warning: 14d}}",
            "",
            DEFAULT._replace(manual=Expiry(14 * DAY, 7 * DAY)),
            id="14 days for what is uploaded in this account",
        ),
        pytest.param(
            "thresholds: {automatic: {warning: 30%, critical: 12.5%}, manual: {warning: 60d}, "
            "never_issued: {warning: 1m, critical: 1m}, validation_attempts: 9}",
            "",
            "",
            Thresholds(Expiry(0.3, 0.125), Expiry(60 * DAY, 7 * DAY), Patience(60, 60), 9),
            id="the top",
        ),
        pytest.param(
            "thresholds: {automatic: {warning: 50%, critical: 20%}, validation_attempts: 4}",
            "thresholds: {automatic: {warning: 40%}, validation_attempts: 5}",
            "thresholds: {automatic: {critical: 30%}, never_issued: {critical: 2h}}",
            Thresholds(Expiry(0.4, 0.3), DEFAULT.manual, Patience(900, 7200), 5),
            id="the nearest wins, key by key",
        ),
        pytest.param(
            "",
            "",
            "thresholds: {manual: {warning: 7d}}",
            DEFAULT._replace(manual=Expiry(7 * DAY, 7 * DAY)),
            id="critical at once",
        ),
        pytest.param(
            "thresholds: {manual: {warning: 5d}}",
            "thresholds: {manual: {critical: 1d}}",
            "",
            DEFAULT._replace(manual=Expiry(5 * DAY, DAY)),
            id="a contradiction that a nearer level mends",
        ),
    ],
)
def test_thresholds(top: str, account: str, own: str, want: Thresholds) -> None:
    """Of each key the nearest level's: the metro's, the account's, the top's, the default."""
    assert metro(top, account, own).thresholds == want


def test_the_defaults_are_those_of_the_type() -> None:
    """Written twice: as numbers for whoever builds a configuration, as text for messages."""
    assert merged([]) == Thresholds()


@pytest.mark.parametrize(
    ("top", "account", "own", "want"),
    [
        pytest.param(
            "thresholds: {automatic: {warning: 30d}}",
            "",
            "",
            "expected a percentage between 0% and 100% such as 25% or 12.5% - "
            "at `$.thresholds.automatic.warning`",
            id="a duration for a percentage",
        ),
        *(
            pytest.param(
                f"thresholds: {{automatic: {{critical: {text}}}}}",
                "",
                "",
                "expected a percentage between 0% and 100%",
                id=text,
            )
            for text in ("0%", "100%", "101%", "-5%", "1e1%", "25", "0.25", "25 %", "'%'", "٢٥%")
        ),
        pytest.param(
            "",
            "thresholds: {manual: {warning: 25%}}",
            "",
            "expected a Prometheus duration such as 60s, 1m30s or 500ms - "
            "at `$.accounts[0].thresholds.manual.warning`",
            id="a percentage for a duration",
        ),
        pytest.param("", "", "thresholds: {manual: {critical: 0}}", "longer than 0", id="zero"),
        pytest.param(
            "",
            "",
            "thresholds: {never_issued: {critical: 5m}}",
            "expected `critical` to be at least `warning`, which is 15m, got 5m - "
            "at `$.accounts[0].metros[0].thresholds.never_issued`",
            id="critical before warning",
        ),
        pytest.param(
            "",
            "thresholds: {manual: {warning: 5d}}",
            "",
            "expected `critical` to be at most `warning`, which is 5d, got 7d - "
            "at `$.accounts[0].thresholds.manual`",
            id="warning below the default of critical",
        ),
        pytest.param(
            "thresholds: {automatic: {critical: 40%}}",
            "thresholds: {automatic: {warning: 30%}}",
            "",
            "expected `critical` to be at most `warning`, which is 30%, got 40% - "
            "at `$.accounts[0].thresholds.automatic`",
            id="two levels that contradict each other",
        ),
        pytest.param(
            "thresholds: {manual: {warning: soon}}",
            "thresholds: {manual: {warning: 14d}}",
            "",
            "at `$.thresholds.manual.warning`",
            id="an error that a nearer level hides",
        ),
        pytest.param("thresholds: {validation_attempts: 0}", "", "", "`int` >= 1", id="none"),
        pytest.param("thresholds: {manuel: {}}", "", "", "unknown field `manuel`", id="unknown"),
        pytest.param(
            "thresholds: {manual: {warn: 1d}}",
            "",
            "",
            "unknown field `warn` - at `$.thresholds.manual`",
            id="unknown below",
        ),
        pytest.param("thresholds: {manual: 14d}", "", "", "got `str`", id="no mapping"),
        pytest.param(
            "renewal: {manual: a}", "", "", "unknown field `renewal`", id="renewal at the top"
        ),
        pytest.param(
            "",
            "renewal: {manual: '('}",
            "",
            "expected a regular expression (RE2): missing ): ( - at `$.accounts[0].renewal.manual`",
            id="no pattern",
        ),
        pytest.param(
            "",
            "",
            "renewal: {automatic: '(?!a)'}",
            "at `$.accounts[0].metros[0].renewal.automatic`",
            id="no pattern of RE2",
        ),
    ],
)
def test_bad_thresholds(top: str, account: str, own: str, want: str) -> None:
    """The file, the place and what was expected."""
    with pytest.raises(ConfigurationError) as refused:
        metro(top, account, own)

    assert str(refused.value).startswith("f.yaml: ")
    assert want in str(refused.value)


@pytest.mark.parametrize(
    ("account", "own", "want"),
    [
        ("", "", Renewal()),
        ("renewal: {manual: 'corp-.*'}", "", Renewal(manual=Pattern("corp-.*"))),
        ("renewal: {manual: a}", "renewal: {manual: b}", Renewal(manual=Pattern("b"))),
        ("renewal: {manual: a}", "renewal: {automatic: b}", Renewal(Pattern("b"), Pattern("a"))),
    ],
)
def test_renewal(account: str, own: str, want: Renewal) -> None:
    """The account's, or what the metro says itself, key by key."""
    assert metro("", account, own).renewal == want


def test_a_metro_that_is_only_a_code_inherits() -> None:
    """From the account and the file."""
    text = b"""
thresholds: {validation_attempts: 7}
accounts:
  - {name: a, token_env: UKC_TOKEN, renewal: {manual: x}, metros: [fra]}
"""
    (got,) = parse(text, Path("f.yaml"), {"UKC_TOKEN": "t"}).accounts[0].metros

    assert (got.thresholds.validation_attempts, got.renewal.manual) == (7, Pattern("x"))


def test_equal_files_are_equal_configurations() -> None:
    """A reload compares them, patterns and limits included."""
    one, same, other = (
        metro("", f"renewal: {{manual: a, automatic: b}}\n    exclude: c\n    {rest}", "")
        for rest in (
            "",
            "thresholds: {manual: {warning: 30d}}",
            "thresholds: {manual: {warning: 31d}}",
        )
    )

    assert one == same
    assert one != other
