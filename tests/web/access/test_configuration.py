"""The web config file: what is good, what is bad, and that promtool says the same."""

import contextlib
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter import cli
from exporter.config.document import WrongValue
from exporter.errors import ConfigurationError
from exporter.web import WebSettings
from exporter.web.access.configuration import parse
from exporter.web.listener.openssl import SUITES
from exporter.web.listener.tls import Tls, handshake
from tests.world.authority import Authority
from tests.world.tools import need

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
PAIR = "cert_file: server.pem, key_file: server.key"
CA = "client_ca_file: authority.pem"
VERIFY = "client_auth_type: RequireAndVerifyClientCert"
BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{{', '.join(f'k{m}: *a{n - 1}' for m in range(10))}}}\n" for n in range(1, 9)
)


def with_tls(rest: str = "") -> str:
    return f"tls_server_config: {{{PAIR}{', ' if rest else ''}{rest}}}"


def with_header(name: str, value: str) -> str:
    return f"http_server_config: {{headers: {{{name}: '{value}'}}}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's certificate, its key and an authority."""
    path = tmp_path_factory.mktemp("web")
    Authority(path).issue("server")
    Authority(path, "other").issue("stranger")
    (path / "junk.pem").write_text("junk")
    return path


GOOD = [
    pytest.param("", id="empty"),
    pytest.param("tls_server_config:\nbasic_auth_users:", id="keys without values"),
    pytest.param("tls_server_config: {min_version: ~}", id="without a value below"),
    pytest.param("http_server_config: {headers: ~}", id="no headers"),
    pytest.param("http_server_config: {headers: {X-XSS-Protection: ~}}", id="no value"),
    pytest.param(with_tls(), id="tls"),
    pytest.param(with_tls("client_auth_type: NoClientCert"), id="no client certificate"),
    pytest.param(with_tls(f"{CA}, {VERIFY}"), id="mutual tls"),
    pytest.param(with_tls(VERIFY), id="the system's authorities"),
    pytest.param(with_tls(f"{CA}, client_auth_type: VerifyClientCertIfGiven"), id="if given"),
    pytest.param(with_tls("min_version: TLS10"), id="old versions"),
    pytest.param(with_tls("min_version: TLS11, max_version: TLS12"), id="versions"),
    pytest.param(with_tls("min_version: TLS13"), id="the newest version"),
    pytest.param(with_tls("cipher_suites: []"), id="no cipher suites"),
    pytest.param(with_tls("cipher_suites: [TLS_AES_128_GCM_SHA256]"), id="suite of 1.3"),
    pytest.param(
        with_tls("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]"), id="suite of 1.2"
    ),
    pytest.param(with_tls(f"cipher_suites: [{', '.join(SUITES)}]"), id="every suite of 1.2"),
    pytest.param(with_tls("prefer_server_cipher_suites: false"), id="the client's preference"),
    pytest.param(with_tls("curve_preferences: [CurveP384]"), id="a curve"),
    pytest.param(with_tls("curve_preferences: [X25519]"), id="another curve"),
    pytest.param("http_server_config: {http2: false}", id="no http2"),
    pytest.param(with_header("X-Frame-Options", "deny"), id="frame options"),
    pytest.param(with_header("X-Content-Type-Options", "nosniff"), id="content type options"),
    pytest.param(with_header("Strict-Transport-Security", "max-age=1"), id="strict transport"),
    pytest.param(with_header("X-XSS-Protection", ""), id="blank header"),
    pytest.param(
        with_header("Content-Security-Policy", "default-src 'none'".replace("'", "''")), id="policy"
    ),
    pytest.param(f"basic_auth_users: {{alice: '{HASH}', 'bob b': '{HASH}'}}", id="users"),
]

BAD = [
    pytest.param("a: b", "unknown field `a`", id="unknown key"),
    pytest.param("[]", "Expected `object`, got `array`", id="list"),
    pytest.param("hello", "Expected `object`, got `str`", id="text"),
    pytest.param("a: [", "not YAML", id="not yaml"),
    pytest.param("rate_limit: {burst: 1}", "unknown field `rate_limit`", id="newer key"),
    pytest.param("tls_server_config: {x: 1}", "unknown field `x`", id="unknown key within"),
    pytest.param(
        f"basic_auth_users: {{a: '{HASH}', a: '{HASH}'}}",
        "duplicate key 'a'",
        id="twice",
    ),
    pytest.param("TLS_server_config:", "unknown field", id="unknown key without a value"),
    pytest.param("tls_server_config: {x: ~}", "unknown field", id="unknown key without one below"),
    pytest.param("tls_server_config: []", "got `array`", id="list for a mapping"),
    pytest.param("basic_auth_users: {a: ~}", "expected a bcrypt hash", id="user without a hash"),
    pytest.param("http_server_config: {headers: {X-Frame-Options: ~}}", "deny or", id="no option"),
    pytest.param("tls_server_config: {cert_file: server.pem}", "no `key_file`", id="no key"),
    pytest.param(
        "tls_server_config: {key_file: server.key}", "no `cert_file`", id="no certificate"
    ),
    pytest.param(f"tls_server_config: {{{CA}}}", "no `cert_file`", id="authority alone"),
    pytest.param(
        "tls_server_config: {cert_file: none.pem, key_file: server.key}",
        "No such file or directory - at `$.tls_server_config.cert_file`",
        id="no such certificate",
    ),
    pytest.param(
        "tls_server_config: {cert_file: server.pem, key_file: none.key}",
        "No such file or directory - at `$.tls_server_config.key_file`",
        id="no such key",
    ),
    pytest.param(
        "tls_server_config: {cert_file: junk.pem, key_file: server.key}",
        "expected a certificate and its unencrypted key in PEM",
        id="junk for a certificate",
    ),
    pytest.param(
        "tls_server_config: {cert_file: server.pem, key_file: stranger.key}",
        "KEY_VALUES_MISMATCH",
        id="somebody else's key",
    ),
    pytest.param(
        with_tls(CA), "nobody is asked for a certificate", id="authority that nobody needs"
    ),
    pytest.param(
        with_tls(f"client_ca_file: none.pem, {VERIFY}"), "No such file", id="no such authority"
    ),
    pytest.param(
        with_tls("client_auth_type: None"),
        "expected one of NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        id="unknown client authentication",
    ),
    pytest.param(with_tls("min_version: SSL30"), "Invalid enum value 'SSL30'", id="no version"),
    pytest.param(with_tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"), "secure", id="insecure"),
    pytest.param(
        with_tls("cipher_suites: [ECDHE-RSA-AES128-GCM-SHA256]"),
        "Go's name of a secure cipher suite",
        id="OpenSSL's name",
    ),
    pytest.param(with_tls("curve_preferences: [CurveP224]"), "expected one of", id="weak curve"),
    pytest.param(with_header("X-Other", "a"), "expected one of Strict", id="any header"),
    pytest.param(with_header("x-frame-options", "deny"), "expected one of", id="small letters"),
    pytest.param(with_header("X-Frame-Options", "allow"), "deny or sameorigin", id="header value"),
    pytest.param(with_header("X-Frame-Options", ""), "deny or sameorigin", id="blank of a set"),
    pytest.param(
        'tls_server_config: {cert_file: "a\\0b", key_file: server.key}',
        "no file can have this name",
        id="NUL in a name",
    ),
    pytest.param(BOMB, "expected fewer than 1000000 values", id="aliases of aliases"),
    pytest.param("&a {tls_server_config: *a}", "expected fewer than", id="alias within itself"),
    pytest.param("basic_auth_users: {a: secret}", "expected a bcrypt hash", id="no hash"),
    pytest.param(f"basic_auth_users: {{a: '{HASH[:40]}'}}", "bcrypt hash", id="short hash"),
    pytest.param(
        f"basic_auth_users: {{a: '{HASH.replace('10', '03')}'}}", "bcrypt hash", id="cost 3"
    ),
    pytest.param(
        f"basic_auth_users: {{a: '{HASH.replace('10', '32')}'}}", "bcrypt hash", id="cost 32"
    ),
]

NOT_HONOURED = [
    pytest.param(with_tls("client_auth_type: RequestClientCert"), "client_auth_type", id="request"),
    pytest.param(with_tls("client_auth_type: RequireAnyClientCert"), "Python verifies", id="any"),
    pytest.param(with_tls("client_auth_type: RequireClientCert"), "Python verifies", id="alias"),
    pytest.param(with_tls("curve_preferences: [CurveP256, X25519]"), "one curve", id="curves"),
    pytest.param(with_tls("min_version: TLS13, max_version: TLS12"), "no version", id="none left"),
    pytest.param(
        with_tls("max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256]"),
        "expected a cipher suite of TLS12",
        id="no suite left",
    ),
    pytest.param("tls_server_config: {min_version: TLS12}", "no `cert_file`", id="without a use"),
    pytest.param(with_tls(f"client_ca_file: junk.pem, {VERIFY}"), "has none", id="junk authority"),
    pytest.param("http_server_config: {http2: true}", "HTTP/2 is not spoken", id="http2"),
    pytest.param(f"basic_auth_users: {{'a:b': '{HASH}'}}", "without a colon", id="colon"),
    pytest.param(f"basic_auth_users: {{1: '{HASH}'}}", "got `int`", id="number for a name"),
    pytest.param(
        "http_server_config: {headers: {X-XSS-Protection: 0}}", "got `int`", id="number for a text"
    ),
    pytest.param(f"basic_auth_users: {{a: '{HASH}x'}}", "bcrypt hash", id="more than a hash"),
    pytest.param("---\n{}\n---\n{}", "expected a single document", id="two documents"),
    pytest.param(
        f"basic_auth_users: {{a: '{HASH.replace('.zou', '.zov')}'}}",
        "bcrypt hash",
        id="salt that bcrypt does not take",
    ),
    pytest.param(
        with_header("Content-Security-Policy", "ä"), "printable ASCII", id="header in UTF-8"
    ),
]

NEWER = [
    pytest.param(with_tls(f"{CA}, {VERIFY}, client_allowed_sans: [a.example.com]"), id="sans"),
]
"""Keys that the toolkit has and the promtool of Debian 12 does not know yet."""

NEWER_BAD = [
    pytest.param(with_tls("client_allowed_sans: [a]"), "RequireAndVerifyClientCert", id="sans"),
    pytest.param("tls_server_config: {cert: x, key: y}", "expected `cert_file`", id="inline"),
]


def load(folder: Path, text: str) -> WebSettings:
    """The settings of a file with this text."""
    (folder / "web.yml").write_text(text)
    return WebSettings(folder / "web.yml")


def promtool(folder: Path, text: str) -> int:
    """The exit code of `promtool check web-config`."""
    need("promtool")
    (folder / "web.yml").write_text(text)
    command = ["promtool", "check", "web-config", str(folder / "web.yml")]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.parametrize("text", GOOD)
def test_good_to_both(folder: Path, text: str) -> None:
    """The loader and promtool accept it."""
    load(folder, text)

    assert promtool(folder, text) == 0


@pytest.mark.parametrize(("text", "want"), BAD)
def test_bad_to_both(folder: Path, text: str, want: str) -> None:
    """Both refuse it; the loader names the file, the place and what was expected."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, text)

    assert str(refused.value).startswith(f"{folder / 'web.yml'}: ")
    assert want in str(refused.value)
    assert promtool(folder, text) == 1


@pytest.mark.parametrize(("text", "want"), NOT_HONOURED)
def test_what_python_cannot_honour_is_refused(folder: Path, text: str, want: str) -> None:
    """Promtool would take it; ignoring it would leave a door open, or shut, unseen."""
    with pytest.raises(ConfigurationError, match=want):
        load(folder, text)

    assert promtool(folder, text) == 0


@pytest.mark.parametrize("text", NEWER)
def test_good_to_the_newest_toolkit(folder: Path, text: str) -> None:
    """Accepted, though an older promtool is not asked."""
    assert load(folder, text).handshake() is not None


@pytest.mark.parametrize(("text", "want"), NEWER_BAD)
def test_bad_to_the_newest_toolkit(folder: Path, text: str, want: str) -> None:
    """Refused with what to write instead."""
    with pytest.raises(ConfigurationError, match=want):
        load(folder, text)


def test_no_hash_is_repeated(folder: Path) -> None:
    """Neither by an error nor by what a debugger prints."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, f"basic_auth_users: {{a: '{HASH}x'}}")
    settings = load(folder, f"basic_auth_users: {{a: '{HASH}'}}")

    assert HASH[7:] not in str(refused.value) + repr(settings.current())


@pytest.mark.parametrize("text", ["web: [", None], ids=["bad", "missing"])
def test_the_loader_says_the_same_of_files_that_cannot_be_read(
    folder: Path, text: str | None
) -> None:
    """Named, not traced."""
    (folder / "web.yml").unlink(missing_ok=True)
    if text is not None:
        (folder / "web.yml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"web\.yml: "):
        WebSettings(folder / "web.yml")


@pytest.mark.parametrize(
    ("rest", "want"),
    [
        ({}, (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ssl.CERT_NONE)),
        (
            {"min_version": "TLS13"},
            (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, ssl.CERT_NONE),
        ),
        (
            {"max_version": "TLS12"},
            (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE),
        ),
        (
            {"cipher_suites": ("TLS_AES_128_GCM_SHA256",)},
            (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3, ssl.CERT_NONE),
        ),
        (
            {"client_auth_type": "VerifyClientCertIfGiven"},
            (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ssl.CERT_OPTIONAL),
        ),
    ],
)
def test_contexts(folder: Path, rest: dict[str, str], want: tuple[object, ...]) -> None:
    """Each setting is in the context."""
    context = handshake(Tls(folder / "server.pem", folder / "server.key", **rest)).context  # type: ignore[arg-type]

    assert (context.minimum_version, context.maximum_version, context.verify_mode) == want


def test_chosen_suites_are_those_of_tls12(folder: Path) -> None:
    """In their order, and no others."""
    suites = ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    settings = Tls(folder / "server.pem", folder / "server.key", cipher_suites=suites)
    ciphers = handshake(settings).context.get_ciphers()
    older = [c["name"] for c in ciphers if c["protocol"] != "TLSv1.3"]

    assert older == ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]


SANS = (
    ("DNS", "a.example.com"),
    ("IP Address", "2001:DB8:0:0:0:0:0:1\n"),
    ("email", "a@example.com"),
    ("URI", "spiffe://example/a"),
    ("DirName", "a"),
)


@pytest.mark.parametrize(
    ("allowed", "want"),
    [
        ((), True),
        (("a.example.com",), True),
        (("A.example.com",), False),
        (("example.com",), False),
        (("2001:db8::1",), True),
        (("no", "a@example.com"), True),
        (("spiffe://example/a",), True),
        (("a",), False),
    ],
)
def test_allowed_sans(folder: Path, allowed: tuple[str, ...], want: bool) -> None:
    """Exactly one of them, of any kind; a certificate without names has none."""
    settings = Tls(
        folder / "server.pem",
        folder / "server.key",
        client_auth_type="RequireAndVerifyClientCert",
        client_allowed_sans=allowed,
    )
    admits = handshake(settings).admits

    assert admits({"subjectAltName": SANS}) is want
    assert (admits({}), admits(None)) == (not allowed, not allowed)


@pytest.mark.parametrize(("now", "want"), [(1704067199, True), (1704067201, False)])
def test_a_certificate_that_has_expired_since(folder: Path, now: float, want: bool) -> None:
    """Whatever OpenSSL remembers of it."""
    settings = Tls(folder / "server.pem", folder / "server.key")
    admits = handshake(settings, clock=lambda: now).admits

    assert admits({"notAfter": "Jan  1 00:00:00 2024 GMT"}) is want


def test_an_encrypted_key_is_refused(folder: Path) -> None:
    """And nobody is asked for its password."""
    command = "openssl pkey -in server.key -aes128 -passout pass:secret -out encrypted.key"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    with pytest.raises(WrongValue, match="unencrypted"):
        handshake(Tls(folder / "server.pem", folder / "encrypted.key"))


_WORDS = st.sampled_from(
    ["tls_server_config", "cert_file", "headers", "basic_auth_users", "server.pem", "TLS12", HASH]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=10,
)


@given(_VALUES.map(lambda value: yaml.safe_dump(value).encode()) | st.binary(max_size=50))
def test_any_text_is_a_configuration_or_an_error(text: bytes) -> None:
    """Nothing else comes out."""
    with contextlib.suppress(ConfigurationError):
        parse(text, Path("web.yml"))


@pytest.mark.parametrize("command", ["serve", "check-config"])
@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("http_server_config: {http2: true}", "- at `$.http_server_config.http2`"),
        (with_tls("client_auth_type: RequireAnyClientCert"), "`$.tls_server_config.client_auth"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_bad_file_ends_the_process_before_a_port_is_bound(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str, text: str | None, want: str
) -> None:
    """Exit 2 with one sentence; the port is somebody else's, and that is not even noticed."""
    path = folder / "command.yml"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    (folder / "token").write_text("token")
    (folder / "exporter.yaml").write_text(
        "accounts: [{name: a, token_file: token, metros: [fra0]}]"
    )
    flags = [f"--config.file={folder / 'exporter.yaml'}", f"--web.config.file={path}"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if command == "serve":
            flags.append(f"--web.listen-address=127.0.0.1:{taken.getsockname()[1]}")
        code = cli.main([command, *flags])
    out, err = capsys.readouterr()

    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"ukc-certificate-exporter: {path}: ")
    assert want in err
