"""What `check-config` says of a configuration that is legal."""

from pathlib import Path
from typing import Any, cast

import pytest

from exporter.config import (
    Account,
    Configuration,
    Metro,
    Selection,
    Token,
    TokenFile,
    TokenVariable,
)
from exporter.status.outline import oddities, outline

URL = "https://api.fra.unikraft.cloud"
VARIABLE = TokenVariable("UKC_TOKEN", Token("secret-of-nobody"))


def configuration(*metros: Metro, **settings: Any) -> Configuration:
    """One account with these metros."""
    settings = {"stale_after": 604800.0, **settings}
    return Configuration(
        (Account("default", VARIABLE, metros or (Metro("fra", URL),)),), **settings
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "every 1m, timeout 10s, fetch bulk, stale after 7d"),
        (
            {"interval": 90.5, "fetch": "batched", "proxy_url": "http://proxy:3128"},
            (
                "every 1m30s500ms, timeout 10s, fetch batched, stale after 7d, "
                "through the proxy http://proxy:3128"
            ),
        ),
    ],
)
def test_what_holds_for_everything(settings: dict[str, Any], expected: str) -> None:
    """Spans of time as the configuration writes them."""
    assert next(outline(configuration(**settings))) == expected


def test_what_is_watched(tmp_path: Path) -> None:
    """Accounts with the place of their token, metros with their URL and their series."""
    some = Selection("attention", 500, *cast("Any", ("a", "b")))
    metros = (Metro("fra", URL), Metro("lab", "http://127.0.0.1:8080", selection=some))
    account = Account("one", TokenFile(tmp_path / "token"), metros, max_requests_per_minute=30)
    lines = list(outline(Configuration((account,))))

    assert lines[1:5] == [
        f"account one: token from the file {tmp_path / 'token'}, at most 30 requests a minute",
        f"  metro fra: {URL}, series for all certificates",
        (
            "  metro lab: http://127.0.0.1:8080, series for certificates that need attention, "
            "at most 500, by include and exclude"
        ),
        "limits of one/fra, one/lab:",
    ]
    assert "secret" not in "".join(outline(configuration()))


@pytest.mark.parametrize(
    ("metros", "settings", "expected"),
    [
        ((), {}, []),
        (
            (),
            {"interval": 7200.0, "stale_after": 3600.0},
            ["interval (2h) is above stale_after (1h): series come and go"],
        ),
        (
            (),
            {"stale_after": 90.0},
            [
                (
                    "stale_after (1m30s) is below two intervals (1m): "
                    "series vanish after one failed poll"
                )
            ],
        ),
        ((), {"timeout": 61.0}, ["timeout (1m1s) is above interval (1m)"]),
        ((Metro("lab", "http://127.0.0.1:80"),), {}, []),
        (
            (Metro("lab", "http://10.0.0.1"),),
            {},
            [
                (
                    "account default, metro lab: plain http: the token travels in the clear to "
                    "http://10.0.0.1"
                )
            ],
        ),
        (
            (Metro("a", URL), Metro("b", URL)),
            {},
            [
                f"account default, metro {name}: another metro of this account has the same URL "
                f"{URL}"
                for name in ("a", "b")
            ],
        ),
    ],
)
def test_what_is_odd(
    metros: tuple[Metro, ...], settings: dict[str, Any], expected: list[str]
) -> None:
    """Each in a line; nothing where nothing is."""
    assert list(oddities(configuration(*metros, **settings))) == expected


@pytest.mark.parametrize(("mode", "odd"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_token_that_others_can_read(tmp_path: Path, mode: int, odd: bool) -> None:
    """A group is a decision; everybody is not."""
    path = tmp_path / "token"
    path.write_text("x")
    path.chmod(mode)
    account = Account("one", TokenFile(path), (Metro("fra", URL),))
    line = (
        f"account one: every user of this machine can read the token file {path} (mode {mode:04o})"
    )

    assert list(oddities(Configuration((account,)))) == ([line] if odd else [])
