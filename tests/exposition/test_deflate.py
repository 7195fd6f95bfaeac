"""Segments joined into one gzip stream, held to zlib's own reading of it."""

import gzip
import random
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.deflate import EMPTY, deflate, gathered, join

_TEXTS = st.lists(st.lists(st.text(max_size=300), max_size=3), max_size=6)


@given(_TEXTS, _TEXTS)
def test_a_stream_is_one_gzip_member_of_all_its_text(
    first: list[list[str]], second: list[list[str]]
) -> None:
    """The checksum combined from the segments' own is that of the whole (RFC 1952)."""
    stream = join([join(map(deflate, first)), *map(deflate, second)])
    want = "".join(text for texts in first + second for text in texts).encode()
    inflater = zlib.decompressobj(wbits=31)

    assert want == inflater.decompress(b"".join(stream.gzip()))
    assert (inflater.eof, inflater.unused_data) == (True, b"")
    assert want == b"".join(stream.text())
    assert (len(want), zlib.crc32(want)) == (stream.size, stream.crc)


def test_large_segments() -> None:
    """Checksums shift over millions of bytes; text comes back in pieces."""
    texts = ["a" * 3_000_000, "b" * 5_000_000]
    stream = join(deflate([text]) for text in texts)

    assert "".join(texts).encode() == gzip.decompress(b"".join(stream.gzip()))
    assert "".join(texts).encode() == b"".join(stream.text())


def test_nothing() -> None:
    """No text is a stream too."""
    assert EMPTY == deflate([]) == deflate([""])
    assert gzip.decompress(b"".join(join([]).gzip())) == b""
    assert EMPTY == join([EMPTY]) == gathered(EMPTY)


def test_buffers_are_gathered_to_a_size_worth_sending() -> None:
    """Half a mebibyte or a little more at a time; the text is the same."""
    texts = [random.Random(n).randbytes(300_000).hex() for n in range(7)]  # noqa: S311
    whole = join(deflate([text]) for text in [*texts, ""])
    once = gathered(whole)

    assert [len(buffer) >> 19 for buffer in once.buffers] == [1, 1, 1, 0]
    assert (whole.crc, whole.size) == (once.crc, once.size)
    assert b"".join(once.text()).decode() == "".join(texts)
