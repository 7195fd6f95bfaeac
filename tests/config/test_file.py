"""A file or an environment in; a configuration, or an error that names the place, out."""

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config import (
    Account,
    Configuration,
    Metro,
    Pattern,
    Selection,
    Shard,
    Token,
    TokenFile,
)
from exporter.config import file as config
from exporter.errors import ConfigurationError
from tests.world.builders import UUID
from tests.world.leaks import MARK

TOKEN = f"robot$demo:{MARK}"
ENVIRONMENT = {"UKC_TOKEN": TOKEN, "EMPTY": ""}


def file(folder: Path, text: str) -> Path:
    path = folder / "exporter.yaml"
    path.write_text(text)
    return path


def metro(code: str, domain: str = "unikraft.cloud") -> Metro:
    return Metro(code, f"https://api.{code}.{domain}")


def account(metros: str = "[fra0]", *, token: str = "token_env: UKC_TOKEN", rest: str = "") -> str:
    return f"accounts: [{{name: default, {token}, metros: {metros}}}]\n{rest}\n"


@pytest.mark.parametrize(
    ("rest", "want"),
    [
        ("", 7 * 86400),
        ("interval: 3d", 7 * 86400),
        ("interval: 4d", 8 * 86400),
        ("interval: 4d\nstale_after: 5m", 300),
    ],
)
def test_series_stay_between_two_polls(tmp_path: Path, rest: str, want: float) -> None:
    """Unless the operator says otherwise."""
    got = config.load(file(tmp_path, account(rest=rest)), {"UKC_TOKEN": TOKEN})

    assert got.stale_after == want


def test_the_documented_example(tmp_path: Path) -> None:
    """Every field of the example in its place, durations in seconds."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    text = """
interval: 30s
timeout: 1m30s
stale_after: 2h
fetch: batched
max_response_bytes: 1048576
accounts:
  - name: default
    token_file: token
    metros:
      - fra0
      - fra
      - https://api.was1.kraft.cloud/v1/
      - name: lab
        url: http://127.0.0.1:8080/v1
"""
    got = config.load(file(tmp_path, text), {})
    metros = (
        Metro("fra0", "https://api.fra0.kraft.cloud"),
        Metro("fra", "https://api.fra.unikraft.cloud"),
        Metro("was1", "https://api.was1.kraft.cloud"),
        Metro("lab", "http://127.0.0.1:8080"),
    )
    accounts = (Account("default", TokenFile(tmp_path / "token"), metros),)

    assert got == Configuration(accounts, 30, 90, 7200, "batched", 1048576)
    assert got.accounts[0].token.read().value == TOKEN


def test_defaults(tmp_path: Path) -> None:
    """One account is enough; the rest has the documented defaults."""
    got = config.load(file(tmp_path, account()), ENVIRONMENT)

    assert got[1:] == (60, 10, 7 * 86400, "bulk", 64 * 1024 * 1024, None, (0, 1))


def test_a_metros_selection_is_its_accounts_but_for_what_it_says(tmp_path: Path) -> None:
    """Field by field."""
    metros = "[fra0, {name: lab, url: 'http://[::1]', series: none, exclude: 'tmp-.*'}]"
    rest = "token_env: UKC_TOKEN, series: attention, max_certificates: 7, include: '.*a'"
    got = config.load(file(tmp_path, account(metros, token=rest)), ENVIRONMENT)
    include, exclude = Pattern(".*a"), Pattern("tmp-.*")

    assert [metro.selection for metro in got.accounts[0].metros] == [
        Selection("attention", 7, include, None),
        Selection("none", 7, include, exclude),
    ]


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_every_certificate_is_one_shards(total: int) -> None:
    """By the CRC-32 of its uuid; what has no uuid is the first's."""
    shards = [Shard(ordinal, total) for ordinal in range(total)]
    uuids = [str(uuid.UUID(int=n << 64)) for n in range(300)]
    shares = [sum(shard.holds(u) for u in uuids) for shard in shards]

    assert [sum(shard.holds(u) for shard in shards) for u in uuids] == [1] * 300
    assert min(shares) > 300 / total / 2
    assert [shard.ordinal == 0 for shard in shards] == [shard.holds("") for shard in shards]


def test_a_share_is_the_same_everywhere() -> None:
    """In every version and on every machine."""
    assert [n for n in range(3) if Shard(n, 3).holds(UUID)] == [2]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("", "Expected `object`, got `null`", id="empty"),
        pytest.param("- a", "Expected `object`, got `array`", id="not a mapping"),
        pytest.param("a: [", "not YAML: ", id="YAML error"),
        pytest.param("a: \x07", "not YAML: ", id="control character"),
        pytest.param("a: 2024-99-99", "not YAML: ", id="impossible date"),
        pytest.param("a: 1\na: 2", "duplicate key 'a'", id="duplicate key"),
        pytest.param("? [a]\n: 1", "not YAML: ", id="a list as a key"),
        pytest.param("[" * 5000, "nested too deeply", id="deep"),
        pytest.param(
            account(rest="tiemout: 1s"), "unknown field `tiemout`", id="unknown key at the top"
        ),
        pytest.param(
            account("[{name: a, url: 'https://a', tls: no}]"),
            "unknown field `tls` - at `$.accounts[0].metros[0]`",
            id="unknown key below",
        ),
        pytest.param("interval: 1s", "missing required field `accounts`", id="no accounts"),
        pytest.param("accounts: []", "length >= 1 - at `$.accounts`", id="empty accounts"),
        pytest.param(account("[]"), "length >= 1 - at `$.accounts[0].metros`", id="no metros"),
        pytest.param(
            account("[fra0, dal0, fra0]"),
            "the metro 'fra0' is there already - at `$.accounts[0].metros[2]`",
            id="duplicate metro",
        ),
        pytest.param(
            account("[fra0, {name: fra0, url: 'https://a'}]"),
            "the metro 'fra0' is there already - at `$.accounts[0].metros[1].name`",
            id="duplicate name",
        ),
        pytest.param(
            "accounts: [{name: a, token_env: UKC_TOKEN, metros: [fra]},"
            "{name: a, token_env: UKC_TOKEN, metros: [fra]}]",
            "the account 'a' is there already - at `$.accounts[1].name`",
            id="duplicate account",
        ),
        pytest.param(
            account("[{name: lab, url: 'http://api.example.com'}]"),
            "the token would travel in the clear: expected https://, a loopback address, "
            "or `allow_insecure: true` beside the URL - at `$.accounts[0].metros[0].url`",
            id="http to a public host",
        ),
        pytest.param(account("['http://10.0.0.1']"), "in the clear", id="http to a private host"),
        pytest.param(account("['http://127.0.0.1.example.com']"), "in the clear", id="look-alike"),
        pytest.param(
            account("[fra0, {name: lab, url: 'ftp://127.0.0.1'}]"),
            "expected a URL such as https://api.fra.unikraft.cloud - at "
            "`$.accounts[0].metros[1].url`",
            id="another scheme",
        ),
        pytest.param(account("['https://']"), "expected a URL", id="no host"),
        pytest.param(account("['https://a:port']"), "expected a URL", id="bad port"),
        pytest.param(account("['https://[::1']"), "expected a URL", id="bad IPv6"),
        pytest.param(account("['https://a/?b=c']"), "neither query nor fragment", id="query"),
        pytest.param(account("['https://u:p@a']"), "neither user nor password", id="password"),
        pytest.param(account("['http://127.0.0.1@evil.example']"), "neither user", id="user"),
        pytest.param(account("['http://[::1]evil']"), "expected a URL", id="after the brackets"),
        pytest.param(account("['https://[v1.x]']"), "expected a URL", id="no IPv6"),
        pytest.param(account("['https://256.1.1.1']"), "expected a URL", id="no IPv4"),
        pytest.param(account("['https://xn--a']"), "expected a URL", id="no IDN"),
        pytest.param(account("['https://bücher.example']"), "expected a URL", id="not encoded"),
        pytest.param(account(f"['https://{'a' * 64}.example']"), "expected a URL", id="long label"),
        pytest.param(account("['https://a..b']"), "expected a URL", id="empty label"),
        pytest.param(account("['https://a%00b']"), "expected a URL", id="escape in a host"),
        pytest.param(account("['https://a\\\\b']"), "expected a URL", id="backslash"),
        pytest.param(account("['https://a:0']"), "expected a URL", id="port 0"),
        pytest.param(account("[fra_0]"), "expected a metro code such as fra, a URL", id="odd code"),
        pytest.param(account("[\u212are]"), "expected a metro code", id="Kelvin sign"),
        pytest.param(
            account("[fra, All]"),
            "`all` is reserved: expected the codes of the metros, such as fra - "
            "at `$.accounts[0].metros[1]`",
            id="all",
        ),
        pytest.param(account("[fra, FRA]"), "the metro 'fra' is there already", id="another case"),
        pytest.param(account("[7]"), "Expected `str | object`, got `int`", id="a number"),
        pytest.param(account("[{name: '', url: 'https://a'}]"), "`$.accounts[0].metros[0].name`"),
        pytest.param(account("[{name: \"a\\nb\", url: 'https://a'}]"), "printable characters"),
        pytest.param(account(rest="interval: 60"), "a Prometheus duration such as 60s", id="bare"),
        pytest.param(account(rest="timeout: 1s1m"), "at `$.timeout`", id="units out of order"),
        pytest.param(account(rest="stale_after: -1h"), "at `$.stale_after`", id="negative"),
        pytest.param(account(rest="interval: 0"), "longer than 0", id="zero"),
        pytest.param(account(rest="interval: 99999y"), "at most 10y", id="for ever"),
        pytest.param(
            account(rest=f"interval: {'9' * 5000}s"),
            "expected a Prometheus duration such as 60s, 1m30s or 500ms - at `$.interval`",
            id="5,000 digits",
        ),
        pytest.param(account(rest="interval: [1]"), "at `$.interval`", id="a list"),
        pytest.param(account(rest="fetch: fast"), "Invalid enum value 'fast' - at `$.fetch`"),
        pytest.param(account(token="token_env: UKC_TOKEN, series: some"), "enum value 'some'"),
        pytest.param(account(token="token_env: UKC_TOKEN, include: '('"), "accounts[0].include`"),
        pytest.param(
            account("[{name: a, url: 'https://a', exclude: '*'}]"),
            "expected a regular expression (RE2): no argument for repetition operator: * - "
            "at `$.accounts[0].metros[0].exclude`",
            id="no expression",
        ),
        *(
            pytest.param(
                account(token=f"token_env: UKC_TOKEN, include: '{expression}'"),
                f"expected a regular expression (RE2): {message}",
                id=expression[:10],
            )
            for expression, message in (
                ("a{1001}", "invalid repetition size: {1001}"),
                ("(?=a)", "invalid perl operator: (?="),
                (r"(a)\1", r"invalid escape sequence: \1"),
                ("a" * 900_000, "pattern too large"),
            )
        ),
        pytest.param(account("[{name: a, url: 'https://a', max_certificates: -1}]"), ">= 0"),
        pytest.param(account(rest="max_response_bytes: 1"), "at `$.max_response_bytes`"),
        pytest.param(
            account(token="token_env: TOKEN_B"),
            ".yaml: environment variable TOKEN_B is not set - at `$.accounts[0].token_env`",
            id="unset",
        ),
        pytest.param(
            account(token="token_env: EMPTY"),
            "environment variable EMPTY: expected a token, and it is empty - "
            "at `$.accounts[0].token_env`",
            id="empty",
        ),
        pytest.param(
            account(token="token_file: none"),
            "none: No such file or directory - at `$.accounts[0].token_file`",
            id="no token file",
        ),
        pytest.param(account(token="token_file: ."), "Is a directory", id="a folder"),
        pytest.param(account(token="token_file: /dev/null"), "it is empty", id="empty token"),
        pytest.param(account(token="token_file: /dev/zero"), "at most 1048576 bytes", id="endless"),
        pytest.param(account(token='token_file: "a\\0"'), "can have this name", id="NUL in a name"),
        pytest.param(
            account(token="a: b"), "unknown field `a` - at `$.accounts[0]`", id="unknown token key"
        ),
        pytest.param(
            "accounts: [{name: a, metros: [fra]}]",
            "expected either `token_file` or `token_env` - at `$.accounts[0]`",
            id="no token",
        ),
        pytest.param(
            account(token="token_env: UKC_TOKEN, token_file: t"), "expected either", id="two tokens"
        ),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(tmp_path: Path, text: str, want: str) -> None:
    """It names the file, the place and what was expected, and never the token."""
    path = file(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        config.load(path, ENVIRONMENT)
    message = str(caught.value)

    assert message.startswith(f"{path}: ")
    assert want in message
    assert ("\n" in message, TOKEN in message) == (False, False)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Said with the file's name."""
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read: No such file"):
        config.load(tmp_path / "none.yaml", {})


def test_insecure_where_the_operator_says_so(tmp_path: Path) -> None:
    """`allow_insecure` stands beside the URL that it is about."""
    lab = "[{name: lab, url: 'http://api.example.com:81/prefix/v1', allow_insecure: true}]"
    got = config.load(file(tmp_path, account(lab)), ENVIRONMENT)

    assert got.accounts[0].metros == (Metro("lab", "http://api.example.com:81/prefix"),)


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ("fra0", [Metro("fra0", "https://api.fra0.kraft.cloud")]),
        ("DAL0, sin0", [metro("dal0", "kraft.cloud"), metro("sin0", "kraft.cloud")]),
        ("was1,was", [metro("was1", "kraft.cloud"), metro("was")]),
        ("sfo,SFO1,fra1", [metro("sfo"), metro("sfo1"), metro("fra1")]),
        (
            " fra , https://api.dal.unikraft.cloud/v1,",
            [
                Metro("fra", "https://api.fra.unikraft.cloud"),
                Metro("dal", "https://api.dal.unikraft.cloud"),
            ],
        ),
        ("http://localhost:8080", [Metro("localhost:8080", "http://localhost:8080")]),
        ("http://[::1]:8080/", [Metro("[::1]:8080", "http://[::1]:8080")]),
        (
            "https://xn--bcher-kva.test.",
            [Metro("xn--bcher-kva.test.", "https://xn--bcher-kva.test.")],
        ),
        ("https://[fe80::1%eth0]:1", [Metro("[fe80::1%eth0]:1", "https://[fe80::1%eth0]:1")]),
    ],
)
def test_the_environment_is_enough(given: str, want: list[Metro]) -> None:
    """`UKC_METRO` holds codes or URLs, as the platform's own tools take them."""
    got = config.from_environment({**ENVIRONMENT, "UKC_METRO": given})

    assert (got.accounts[0].name, got.accounts[0].metros) == ("default", tuple(want))
    assert got.accounts[0].token.read().value == TOKEN


@pytest.mark.parametrize(
    ("environment", "want"),
    [
        ({}, "no --config.file, and UKC_METRO is not set: expected a comma-separated list"),
        ({}, "; environment variable UKC_TOKEN is not set"),
        ({"UNIKRAFT_CLOUD_TOKEN": TOKEN}, "UNIKRAFT_CLOUD_TOKEN is, which the exporter does not"),
        ({"UKC_METRO": " , "}, "UKC_METRO is not set"),
        ({"UKC_METRO": "fra"}, "no --config.file, and environment variable UKC_TOKEN is not set"),
        (
            {"UKC_METRO": "fra", "KRAFTCLOUD_TOKEN": TOKEN},
            "UKC_TOKEN is not set; KRAFTCLOUD_TOKEN is, which the exporter does not read",
        ),
        ({"UKC_METRO": "fra0", "UKC_TOKEN": ""}, "it is empty - at `UKC_TOKEN`"),
        ({"UKC_METRO": "fra0", "UKC_TOKEN": " "}, "it is empty - at `UKC_TOKEN`"),
        ({"UKC_METRO": "fra0", "UKC_TOKEN": "a b"}, "visible ASCII characters"),
        ({"UKC_METRO": "ALL", **ENVIRONMENT}, "`all` is reserved"),
        ({"UKC_METRO": "fra0,fra0", **ENVIRONMENT}, "there already - at `UKC_METRO[1]`"),
        ({"UKC_METRO": "http://example.com", **ENVIRONMENT}, "in the clear"),
    ],
)
def test_a_bad_environment(environment: dict[str, str], want: str) -> None:
    """The variable is named."""
    with pytest.raises(ConfigurationError) as caught:
        config.from_environment(environment)

    assert want in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_token_does_not_show_itself(tmp_path: Path) -> None:
    """Not in a repr, a format, or the repr of a whole configuration."""
    got = config.load(file(tmp_path, account()), ENVIRONMENT)

    assert TOKEN not in f"{got!r} {got} {Token(TOKEN)!r} {Token(TOKEN)} {vars(type(got))}"


_TEXTS = st.text() | st.lists(st.sampled_from(account().split()), max_size=12).map(" ".join)


@given(_TEXTS)
def test_no_text_is_a_bug(text: str) -> None:
    """Whatever stands in the file is a configuration or an error of the tree."""
    try:
        got = config.parse(text.encode("utf-8", "replace"), Path("f.yaml"), ENVIRONMENT)
    except ConfigurationError as exc:
        assert str(exc).startswith("f.yaml: ")
    else:
        assert got.accounts
