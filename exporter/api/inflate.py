"""Bodies of answers unpacked piece by piece, within a bound (decisions/0404)."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from exporter.errors import TooLarge, Undecodable

_PIECE: Final = 1 << 20
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_ACCEPTED: Final = ("gzip", "x-gzip", "deflate")

ACCEPT_ENCODING: Final = "gzip"


async def unpacked(raw: AsyncIterator[bytes], coding: str, *, limit: int) -> bytearray:
    """The whole body that arrives as `raw`, in one content coding or in none (RFC 9110, 8.4).

    Raises `TooLarge` as soon as the body, packed or unpacked, is over `limit` bytes, and
    `Undecodable` for other codings and for several at once: a bomb within a bomb has no bound.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return await _gathered(raw, limit)
    if coding not in _ACCEPTED:
        raise Undecodable(f"the answer's content coding is not gzip: {coding[:100]!r}")
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    body, packed = bytearray(), 0
    async for chunk in raw:
        packed += len(chunk)
        _check(packed, limit)
        while chunk and not decoder.eof:
            try:
                body += decoder.decompress(chunk, _PIECE)
            except zlib.error as exc:
                raise Undecodable(f"the answer is not {coding}: {exc}") from exc
            chunk = decoder.unconsumed_tail  # noqa: PLW2901 - the rest of it
            _check(len(body), limit)
            await asyncio.sleep(0)  # a bomb takes a while: others have their turn
    if not decoder.eof:
        raise Undecodable(f"the answer's {coding} stream breaks off")
    return body


async def _gathered(raw: AsyncIterator[bytes], limit: int) -> bytearray:
    body = bytearray()  # grows in place: pieces joined at the end would be there twice
    async for chunk in raw:
        _check(len(body) + len(chunk), limit)
        body += chunk
    return body


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the answer is over {limit} bytes (max_response_bytes)")
