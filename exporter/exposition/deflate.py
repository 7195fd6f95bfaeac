"""Deflate segments that join into one gzip stream without being touched again.

Each segment ends on a byte boundary and refers to nothing before itself (RFC 1951, section 3.2.4:
an empty stored block aligns), so a stream is any sequence of segments between a gzip header and
trailer (RFC 1952). The trailer's checksum is combined from the segments' own.
Concatenated gzip members would need no checksum, but several clients read only the first.
(decisions/0001, 0505)
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from isal import isal_zlib

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW: Final = -15  # deflate without zlib's or gzip's wrapping
_END: Final = b"\x03\x00"  # an empty last block
_SENT_AT_ONCE: Final = 1 << 19
_READ_AT_ONCE: Final = 1 << 14
_INFLATED_AT_ONCE: Final = 1 << 18


class Segment(NamedTuple):
    """Compressed text in one or more buffers; `crc` and `size` are those of the text."""

    buffers: tuple[bytes, ...]
    crc: int
    size: int

    def gzip(self) -> list[bytes]:
        """The buffers of one gzip stream; the segment's own, not copies."""
        trailer = struct.pack("<II", self.crc, self.size & 0xFFFFFFFF)
        return [HEADER, *self.buffers, _END + trailer]

    def text(self) -> Iterator[bytes]:
        """The text, inflated piece by piece of a bounded size."""
        inflater = isal_zlib.decompressobj(_RAW)
        for buffer in self.buffers:
            for start in range(0, len(buffer), _READ_AT_ONCE):
                rest = buffer[start : start + _READ_AT_ONCE]
                while text := inflater.decompress(rest, _INFLATED_AT_ONCE):
                    yield text
                    rest = inflater.unconsumed_tail


EMPTY: Final = Segment((), 0, 0)


def deflate(texts: Iterable[str]) -> Segment:
    """The texts, one after the other in UTF-8, as one segment; only one is held at a time."""
    compressor = isal_zlib.compressobj(1, isal_zlib.DEFLATED, _RAW)
    parts: list[bytes] = []
    crc = size = 0
    for text in texts:
        data = text.encode()
        crc = isal_zlib.crc32(data, crc)
        size += len(data)
        parts.append(compressor.compress(data))
    if not size:
        return EMPTY
    parts.append(compressor.flush(isal_zlib.Z_FULL_FLUSH))
    return Segment((b"".join(parts),), crc, size)


def join(segments: Iterable[Segment]) -> Segment:
    """The segments, one after the other, as one; no buffer is copied."""
    buffers: list[bytes] = []
    crc = size = 0
    for segment in segments:
        if segment.size:
            buffers += segment.buffers
            crc = isal_zlib.crc32_combine(crc, segment.crc, segment.size)
            size += segment.size
    return Segment(tuple(buffers), crc, size)


def gathered(segment: Segment) -> Segment:
    """The same text in buffers of a size to be sent at once: small ones cost each scrape a copy."""
    buffers: list[bytes] = []
    waiting: list[bytes] = []
    length = 0
    for buffer in segment.buffers:
        waiting.append(buffer)
        length += len(buffer)
        if length >= _SENT_AT_ONCE:
            buffers.append(b"".join(waiting))
            waiting, length = [], 0
    if waiting:
        buffers.append(b"".join(waiting))
    return segment._replace(buffers=tuple(buffers))
