"""Basic authentication with the bcrypt hashes of the web config file (decisions/0401)."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import bcrypt

from exporter.web.listener.turns import Rotation

MAX_PASSWORD_BYTES: Final = 72
"""Bcrypt ignores the rest: two longer passwords could count as the same."""

_MOST_WAITING: Final = 256


class Busy(Exception):
    """Too many passwords wait to be checked, most of them of the same client address."""


class Passwords:
    """Checks passwords one at a time on a thread: bcrypt is slow on purpose.

    A password that was right once is remembered, as a digest under a key of this process, until
    its user's hash changes. A wrong one never is. Unknown users are rejected no faster than wrong
    passwords.
    Each client address has its turn, and of an address the newest password: whoever has waited
    longest is the likeliest to have given up.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "bcrypt")
        self._key = secrets.token_bytes(32)
        self._right: dict[str, bytes] = {}
        self._checking = False
        self._waiting: Rotation[asyncio.Future[None]] = Rotation()

    async def right(
        self, users: Mapping[str, str], authorization: str, *, client: str = ""
    ) -> bool:
        """Whether an `Authorization` header (RFC 7617) has the name and password of a user.

        `users` are bcrypt hashes by name, `client` is the address that asks. Raises `Busy`.
        """
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        name, password = credentials
        # Bcrypt repeats a password with a NUL after it: some with a NUL in them count as others.
        if len(password) > MAX_PASSWORD_BYTES or b"\0" in password:
            return False
        hashed = users.get(name)
        digest = self._digest(name, hashed or "", password)
        if hashed is not None and hmac.compare_digest(self._right.get(name, b""), digest):
            return True
        compared = hashed.encode() if hashed is not None else self._decoy(users)
        if self._checking:
            await self._turn(client)
        self._checking = True
        try:
            matches = await self._check(password, compared)
        finally:
            self._checking = False
            self._next()
        if hashed is None or not matches:
            return False
        self._right[name] = digest
        return True

    async def _check(self, password: bytes, hashed: bytes) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, bcrypt.checkpw, password, hashed)

    async def _turn(self, client: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.put(client, turn, first=True)
        if len(self._waiting) > _MOST_WAITING:
            longest_waiting = self._waiting.pop_last()
            if not longest_waiting.done():
                longest_waiting.set_exception(Busy())
        await turn

    def _next(self) -> None:
        while self._waiting and not self._checking:
            turn = self._waiting.pop()
            if not turn.done():  # it is where its task was cancelled
                self._checking = True
                turn.set_result(None)

    def _digest(self, *parts: str | bytes) -> bytes:
        texts = [part.encode() if isinstance(part, str) else part for part in parts]
        framed = b"".join(len(text).to_bytes(8, "big") + text for text in texts)
        return hmac.digest(self._key, framed, hashlib.sha256)

    def _decoy(self, users: Mapping[str, str]) -> bytes:
        """A hash that no password matches, as slow to check as the slowest user's."""
        cost = max(hashed.split("$")[2] for hashed in users.values())
        # A salt and a digest in bcrypt's alphabet that were not made from a password.
        return f"$2b${cost}$".encode() + b"." * 21 + b"e" + b"." * 31


def _credentials(authorization: str) -> tuple[str, bytes] | None:
    """Name and password (RFC 7617), or None where the header has none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return (name.decode(), password) if colon else None
    except ValueError:
        return None
