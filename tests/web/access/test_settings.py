"""The web config file while it changes: the newest good reading, and none that is older."""

from pathlib import Path

import pytest
import structlog.testing

from exporter.errors import ConfigurationError
from exporter.web import WebSettings
from exporter.web.access.settings import RETRY_SECONDS
from tests.world.authority import Authority

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
TLS = "tls_server_config: {cert_file: %s.pem, key_file: %s.key}\n"


class Clock:
    """Seconds that a test moves on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def users(*names: str) -> str:
    return f"basic_auth_users: {{{', '.join(f'{name}: {HASH!r}' for name in names)}}}\n"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A web config file with TLS and two users."""
    Authority(tmp_path).issue("server")
    path = tmp_path / "web.yml"
    path.write_text(TLS % ("server", "server") + users("alice", "bob"))
    return path


def named(settings: WebSettings) -> list[str]:
    return list(settings.current().configuration.users)


def later(clock: Clock, settings: WebSettings) -> list[str]:
    """The users, once it is time to read again."""
    clock.now += RETRY_SECONDS
    return named(settings)


def test_a_certificate_that_comes_later(path: Path, clock: Clock) -> None:
    """The file that names it is in force once it is there, and is complained of once."""
    settings = WebSettings(path, clock=clock)
    with structlog.testing.capture_logs() as logs:
        path.write_text(TLS % ("next", "next") + users("alice"))
        before = [later(clock, settings) for _ in range(3)]
        Authority(path.parent, "other").issue("next")
        soon, after = named(settings), later(clock, settings)

    assert (before, soon, after) == ([["alice", "bob"]] * 3, ["alice", "bob"], ["alice"])
    assert [entry["log_level"] for entry in logs] == ["warning", "info"]


@pytest.mark.parametrize("broken", ["missing", "directory", "half"])
def test_a_file_that_cannot_be_read_for_a_moment(path: Path, clock: Clock, broken: str) -> None:
    """What it says afterwards is in force, though it was there before."""
    settings = WebSettings(path, clock=clock)
    text = TLS % ("server", "server") + users("alice")
    path.unlink()
    if broken == "directory":
        path.mkdir()
    elif broken == "half":
        path.write_text(text[:70])
    during = [later(clock, settings) for _ in range(2)]
    if broken == "directory":
        path.rmdir()
    path.write_text(text)

    assert (during, later(clock, settings)) == ([["alice", "bob"]] * 2, ["alice"])


def test_a_key_that_comes_after_its_certificate(path: Path, clock: Clock) -> None:
    """As a program writes them one after the other."""
    settings = WebSettings(path, clock=clock)
    key = path.parent / "server.key"
    old = key.read_bytes()
    files = Authority(path.parent).issue("server")
    new = files.key.read_bytes()
    first = settings.handshake()
    key.write_bytes(old)
    clock.now += RETRY_SECONDS
    mixed = settings.handshake()
    key.write_bytes(new)
    clock.now += RETRY_SECONDS

    assert mixed is first
    assert settings.handshake() not in (first, None)


def test_a_change_during_a_reload(path: Path, clock: Clock) -> None:
    """The older reading that a reload ends with does not stay."""
    settings = WebSettings(path, clock=clock)
    older = settings.read()
    path.write_text(TLS % ("server", "server") + users("alice"))
    between = named(settings)
    settings.use(older)

    assert (between, named(settings)) == (["alice"], ["alice"])


def test_a_refused_reload_changes_nothing(path: Path, clock: Clock) -> None:
    """It raises, and the file is read again when it is right."""
    settings = WebSettings(path, clock=clock)
    path.write_text("basic_auth_users: []")
    with pytest.raises(ConfigurationError):
        settings.read()
    before = named(settings)
    path.write_text(TLS % ("server", "server") + users("bob"))

    assert (before, later(clock, settings)) == (["alice", "bob"], ["bob"])
