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

MAX_PASSWORD_BYTES: Final = 72
"""Bcrypt ignores the rest: two longer passwords could count as the same."""

_MOST_WAITING: Final = 32


class Busy(Exception):
    """Too many passwords wait to be checked already."""


class Passwords:
    """Checks passwords one at a time on a thread: bcrypt is slow on purpose.

    A password that was right once is remembered, as a digest under a key of this process, until
    its user's hash changes. A wrong one never is. Unknown users are rejected no faster than wrong
    passwords.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "bcrypt")
        self._key = secrets.token_bytes(32)
        self._right: dict[str, bytes] = {}
        self._waiting = 0

    async def right(self, users: Mapping[str, str], authorization: str) -> bool:
        """Whether an `Authorization` header (RFC 7617) has the name and password of a user.

        `users` are bcrypt hashes by name. Raises `Busy`.
        """
        credentials = _credentials(authorization)
        if credentials is None:
            return False
        name, password = credentials
        if len(password) > MAX_PASSWORD_BYTES:
            return False
        hashed = users.get(name)
        digest = self._digest(name, hashed or "", password)
        if hashed is not None and hmac.compare_digest(self._right.get(name, b""), digest):
            return True
        compared = hashed.encode() if hashed is not None else self._decoy(users)
        matches = await self._check(password, compared)
        if hashed is None or not matches:
            return False
        self._right[name] = digest
        return True

    async def _check(self, password: bytes, hashed: bytes) -> bool:
        if self._waiting >= _MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, bcrypt.checkpw, password, hashed)
        finally:
            self._waiting -= 1

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
