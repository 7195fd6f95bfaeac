"""Deflate segments that join into one gzip stream without being touched again.

Each segment ends on a byte boundary and refers to nothing before itself (RFC 1951, section 3.2.4:
an empty stored block aligns), so a stream is any sequence of segments between a gzip header and
trailer (RFC 1952). The trailer's checksum is combined from the segments' own.
Concatenated gzip members would need no checksum, but several clients read only the first.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from isal import isal_zlib

HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_RAW: Final = -15  # deflate without zlib's or gzip's wrapping
_END: Final = b"\x03\x00"  # an empty last block
_POLYNOMIAL: Final = 0xEDB88320  # CRC-32, reflected (RFC 1952, section 8)
_ONE: Final = 1 << 31  # x^0 in the reflected representation


class Part(NamedTuple):
    """A segment within a larger one, which it looks into."""

    deflated: memoryview
    crc: int
    size: int
    shift: int


class Segment(NamedTuple):
    """Compressed text: `crc` and `size` are those of the text.

    `shift` is x^(8 * size) modulo the CRC polynomial: what a checksum before it is multiplied by.
    """

    deflated: bytes
    crc: int
    size: int
    shift: int

    def part(self) -> Part:
        """The whole of it as a part."""
        return Part(memoryview(self.deflated), self.crc, self.size, self.shift)


EMPTY: Final = Segment(b"", 0, 0, _ONE)
NOTHING: Final = EMPTY.part()


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
    return Segment(b"".join(parts), crc, size, _shift(size))


def concatenated(parts: Sequence[Part]) -> tuple[tuple[Segment, ...], list[Part]]:
    """The parts as segments of a size to be sent at once, and each part within its segment."""
    segments: list[Segment] = []
    within: list[Part] = []
    for some in _gathered(parts):
        segment, inside = _whole(some)
        within += inside
        if segment.size:
            segments.append(segment)
    return tuple(segments), within


def _gathered(parts: Iterable[Part]) -> Iterator[list[Part]]:
    some: list[Part] = []
    length = 0
    for part in parts:
        some.append(part)
        length += len(part.deflated)
        if length >= _SENT_AT_ONCE:
            yield some
            some, length = [], 0
    if some:
        yield some


def _whole(parts: Sequence[Part]) -> tuple[Segment, list[Part]]:
    deflated = b"".join([part.deflated for part in parts])
    within: list[Part] = []
    view, start, crc, size = memoryview(deflated), 0, 0, 0
    for part in parts:
        stop = start + len(part.deflated)
        within.append(part._replace(deflated=view[start:stop]))
        start, size = stop, size + part.size
        crc = _product(part.shift, crc) ^ part.crc
    return Segment(deflated, crc, size, _shift(size)), within


class Stream(NamedTuple):
    """Segments in their order, with the checksum and the size of all their text."""

    segments: tuple[Segment, ...]
    crc: int
    size: int

    def gzip(self) -> list[bytes]:
        """The buffers of one gzip stream; the segments' own, not copies."""
        trailer = struct.pack("<II", self.crc, self.size & 0xFFFFFFFF)
        return [HEADER, *(s.deflated for s in self.segments), _END + trailer]

    def text(self) -> Iterator[bytes]:
        """The text, inflated piece by piece."""
        inflater = isal_zlib.decompressobj(_RAW)
        for segment in self.segments:
            for start in range(0, len(segment.deflated), _INFLATED_AT_ONCE):
                yield inflater.decompress(segment.deflated[start : start + _INFLATED_AT_ONCE])


_INFLATED_AT_ONCE: Final = 1 << 14
_SENT_AT_ONCE: Final = 1 << 19


def join(segments: Iterable[Segment], before: Stream | None = None) -> Stream:
    """The segments after those of `before`, as one stream."""
    joined = list(before.segments) if before else []
    crc, size = (before.crc, before.size) if before else (0, 0)
    for segment in segments:
        if segment.size:
            joined.append(segment)
            crc = _product(segment.shift, crc) ^ segment.crc
            size += segment.size
    return Stream(tuple(joined), crc, size)


def _product(a: int, b: int) -> int:
    """The product of two polynomials modulo the CRC's; the highest bit is x^0."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def _squares() -> Iterator[int]:
    """x^8 modulo the CRC polynomial, and the square of each before."""
    square = _ONE >> 8
    for _ in range(64):
        yield square
        square = _product(square, square)


_SQUARES: Final = tuple(_squares())


def _shift(size: int) -> int:
    """x^(8 * size) modulo the CRC polynomial."""
    shift = _ONE
    for bit in range(size.bit_length()):
        if size >> bit & 1:
            shift = _product(_SQUARES[bit], shift)
    return shift
