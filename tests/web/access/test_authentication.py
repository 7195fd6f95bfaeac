"""Names and passwords: who is let in, and what it costs to try."""

import asyncio
import base64
from pathlib import Path

import bcrypt
import httpx
import pytest

from exporter.web import Guard, WebSettings, create_probe_app
from exporter.web.access.authentication import Busy, Passwords

pytestmark = pytest.mark.anyio

PASSWORD = "correct horse"
LONGEST = "x" * 72


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


USERS = {
    "alice": hashed(PASSWORD),
    "apache": hashed("other").replace("$2b$", "$2y$"),
    "long": hashed(LONGEST),
    "näme": hashed("pässword"),
    "empty": hashed(""),
    "short": hashed("a"),
}


def basic(name: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    ("header", "want"),
    [
        pytest.param(basic("alice", PASSWORD), True, id="right"),
        pytest.param(basic("alice", PASSWORD, "bAsIc"), True, id="scheme in any case"),
        pytest.param(basic("apache", "other"), True, id="a hash of htpasswd"),
        pytest.param(basic("long", LONGEST), True, id="72 bytes"),
        pytest.param(basic("näme", "pässword"), True, id="UTF-8"),
        pytest.param(basic("empty", ""), True, id="empty"),
        pytest.param(basic("alice", "wrong"), False, id="wrong"),
        pytest.param(basic("alice", ""), False, id="no password"),
        pytest.param(basic("apache", PASSWORD), False, id="somebody else's"),
        pytest.param(basic("Alice", PASSWORD), False, id="another name"),
        pytest.param(basic("nobody", PASSWORD), False, id="unknown"),
        pytest.param(basic("", ""), False, id="no name"),
        pytest.param(basic("long", LONGEST + "x"), False, id="73 bytes"),
        pytest.param(basic("alice", PASSWORD + "\0"), False, id="NUL"),
        pytest.param(basic("empty", "\0"), False, id="NUL for an empty one"),
        pytest.param(basic("short", "a\0a"), False, id="the same twice with NUL between"),
        pytest.param(basic("alice", PASSWORD, "Bearer"), False, id="another scheme"),
        pytest.param("Basic", False, id="nothing"),
        pytest.param("Basic !!!", False, id="not base64"),
        pytest.param("Basic " + base64.b64encode(b"alice").decode(), False, id="no colon"),
        pytest.param("Basic " + base64.b64encode(b"\xff:x").decode(), False, id="not UTF-8"),
        pytest.param("", False, id="no header"),
    ],
)
async def test_who_is_right(header: str, want: bool) -> None:
    """The first time and every time after."""
    passwords = Passwords()

    assert [await passwords.right(USERS, header) for _ in range(3)] == [want] * 3


class Counted(Passwords):
    """Counts the slow checks."""

    def __init__(self) -> None:
        super().__init__()
        self.costs: list[str] = []

    async def _check(self, password: bytes, hashed: bytes) -> bool:
        self.costs.append(hashed.decode().split("$")[2])
        return await super()._check(password, hashed)


@pytest.mark.parametrize(
    ("header", "want"),
    [
        pytest.param(basic("alice", PASSWORD), ["04"], id="right: once"),
        pytest.param(basic("alice", "wrong"), ["04"] * 3, id="wrong: each time"),
        pytest.param(basic("nobody", "wrong"), ["05"] * 3, id="unknown: like the slowest user"),
        pytest.param(basic("slow", "wrong"), ["05"] * 3, id="the slowest user"),
    ],
)
async def test_what_is_checked(header: str, want: list[str]) -> None:
    """Unknown users are rejected no faster than wrong passwords."""
    passwords, users = Counted(), {**USERS, "slow": hashed(PASSWORD, 5)}
    for _ in range(3):
        await passwords.right(users, header)

    assert passwords.costs == want


async def test_a_new_hash_is_a_new_password() -> None:
    """What was right is not remembered beyond it, nor beyond the user."""
    passwords = Passwords()
    header = basic("alice", PASSWORD)

    assert await passwords.right(USERS, header)
    assert not await passwords.right({"alice": hashed("new")}, header)
    assert not await passwords.right({"bob": USERS["alice"]}, header)
    assert await passwords.right(USERS, header)


async def test_a_crowd_of_guesses_does_not_delay_a_known_password() -> None:
    """Nor are there more of them than connections."""
    passwords = Passwords()
    users = {"alice": hashed(PASSWORD)}
    assert await passwords.right(users, basic("alice", PASSWORD))
    guesses = guessing(passwords, users, 300, "a")
    await asyncio.sleep(0)
    known = await passwords.right(users, basic("alice", PASSWORD))
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)

    assert known
    assert [type(outcome) for outcome in outcomes].count(Busy) == 300 - 1 - 256
    assert True not in outcomes


@pytest.mark.parametrize(
    "client",
    [
        pytest.param("b", id="another address: its turn"),
        pytest.param("a", id="the same address: newest first"),
    ],
)
async def test_a_crowd_of_guesses_delays_a_new_password_by_one(client: str) -> None:
    """At most one check is under way, and one guess has a turn, before the password has."""
    passwords = Counted()
    users = {"alice": hashed(PASSWORD)}
    guesses = guessing(passwords, users, 50, "a")
    await asyncio.sleep(0)
    right = await passwords.right(users, basic("alice", PASSWORD), client=client)
    checked = len(passwords.costs)
    await asyncio.gather(*guesses)

    assert (right, checked <= 3) == (True, True)


def guessing(
    passwords: Passwords, users: dict[str, str], count: int, client: str
) -> list[asyncio.Task[bool]]:
    """So many wrong passwords at once, from one address."""
    return [
        asyncio.create_task(passwords.right(users, basic("alice", f"guess {n}"), client=client))
        for n in range(count)
    ]


async def test_answers_of_the_guard(tmp_path: Path) -> None:
    """401 with a challenge; the operator's headers on every answer."""
    path = tmp_path / "web.yml"
    path.write_text(
        "http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: ''}}\n"
        f"basic_auth_users: {{alice: '{USERS['alice']}'}}"
    )
    guard = Guard(create_probe_app(lambda: True), WebSettings(path))
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter") as client:
        refused = await client.get("/-/healthy")
        admitted = await client.get("/-/healthy", auth=("alice", PASSWORD))
        unknown = await client.get("/nothing", auth=("alice", PASSWORD))
        path.write_text("")
        free = await client.get("/-/healthy")

    assert [a.status_code for a in (refused, admitted, unknown, free)] == [401, 200, 404, 200]
    assert refused.headers["www-authenticate"].startswith("Basic ")
    for answer in (refused, admitted, unknown):
        assert (answer.headers["x-frame-options"], "x-xss-protection" in answer.headers) == (
            "deny",
            False,
        )
    assert "x-frame-options" not in free.headers
