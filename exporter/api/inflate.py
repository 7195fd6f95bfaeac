"""Bodies of answers unpacked piece by piece, within a bound (decisions/0404)."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from exporter.errors import TooLarge, Undecodable

_PIECE: Final = 1 << 20
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_GZIP: Final = 16 + zlib.MAX_WBITS
_MEMBER: Final = b"\x1f\x8b"
_ACCEPTED: Final = ("gzip", "x-gzip", "deflate")

ACCEPT_ENCODING: Final = "gzip"


async def unpacked(raw: AsyncIterator[bytes], coding: str, *, limit: int) -> bytearray:
    """The whole body that arrives as `raw`, in one content coding or in none (RFC 9110, 8.4).

    Gzip may come in several members (RFC 1952, section 2.2); what follows and is none is ignored.
    Raises `TooLarge` as soon as the body, packed or unpacked, is over `limit` bytes, and
    `Undecodable` for other codings and for several at once: a bomb within a bomb has no bound.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return await _gathered(raw, limit)
    if coding not in _ACCEPTED:
        raise Undecodable(f"the answer's content coding is not gzip: {coding[:100]!r}")
    decoder, first, begin = zlib.decompressobj(_GZIP_OR_ZLIB), True, b""
    body, packed = bytearray(), 0
    async for chunk in raw:
        packed += len(chunk)
        _check(packed, limit)
        while chunk:
            if decoder.eof:
                decoder, first, begin = zlib.decompressobj(_GZIP), False, b""
            begin = (begin + chunk)[: len(_MEMBER)]
            try:
                body += decoder.decompress(chunk, _PIECE)
            except zlib.error as exc:
                if not first and begin != _MEMBER:
                    return body
                raise Undecodable(f"the answer is not {coding}: {exc}") from exc
            chunk = decoder.unconsumed_tail or decoder.unused_data  # noqa: PLW2901 - the rest
            _check(len(body), limit)
            await asyncio.sleep(0)  # a bomb takes a while: others have their turn
    if not decoder.eof and (first or begin == _MEMBER):
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
