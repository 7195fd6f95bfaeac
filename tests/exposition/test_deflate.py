"""Segments joined into one gzip stream, held to zlib's own reading of it."""

import gzip
import random
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.deflate import EMPTY, Stream, concatenated, deflate, join

_TEXTS = st.lists(st.lists(st.text(max_size=300), max_size=3), max_size=6)


@given(_TEXTS, _TEXTS)
def test_a_stream_is_one_gzip_member_of_all_its_text(
    first: list[list[str]], second: list[list[str]]
) -> None:
    """The checksum combined from the segments' own is that of the whole (RFC 1952)."""
    stream = join(map(deflate, second), before=join(map(deflate, first)))
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
    assert Stream((), 0, 0) == join([EMPTY])


@given(_TEXTS)
def test_parts_of_a_whole_are_taken_out_again(texts: list[list[str]]) -> None:
    """A whole is its parts in their order, and each of them stays one."""
    segments = [deflate(text) for text in texts]
    whole, parts = concatenated([segment.part() for segment in segments])
    again, _ = concatenated(parts)

    assert join(segments).crc == join(whole).crc == join(again).crc
    assert b"".join(join(segments).text()) == b"".join(join(whole).text())
    assert [bytes(part.deflated) for part in parts] == [s.deflated for s in segments]
    assert whole == again


def test_a_whole_is_cut_where_it_is_worth_sending() -> None:
    """Half a mebibyte or a little more at a time; what is larger by itself stays one."""
    texts = [random.Random(n).randbytes(300_000).hex() for n in range(7)]  # noqa: S311
    parts = [deflate([text]).part() for text in [*texts, ""]]
    whole, within = concatenated(parts)

    assert [len(segment.deflated) >> 19 for segment in whole] == [1, 1, 1, 0]
    assert b"".join(join(whole).text()).decode() == "".join(texts)
    assert [bytes(part.deflated) for part in within] == [bytes(part.deflated) for part in parts]
