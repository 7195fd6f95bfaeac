"""Bodies unpacked under a bound."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.api.inflate import unpacked
from exporter.errors import PollError, TooLarge, Undecodable

pytestmark = pytest.mark.anyio

TEXT = b"certificates " * 1000
LIMIT = len(TEXT)


async def pieces(content: bytes, size: int = 100) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize(
    ("content", "coding"),
    [
        pytest.param(TEXT, "", id="plain"),
        pytest.param(TEXT, "identity", id="identity"),
        pytest.param(gzip.compress(TEXT), "gzip", id="gzip"),
        pytest.param(gzip.compress(TEXT), " X-GZIP ", id="x-gzip"),
        pytest.param(zlib.compress(TEXT), "deflate", id="deflate"),
        pytest.param(gzip.compress(TEXT) + b"something after it", "gzip", id="more after it"),
        pytest.param(gzip.compress(TEXT) + bytes(512), "gzip", id="padding"),
        pytest.param(gzip.compress(TEXT) + b"\x1f", "gzip", id="half a mark"),
        pytest.param(zlib.compress(TEXT) + b"something", "deflate", id="more after deflate"),
        pytest.param(gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:]), "gzip", id="two members"),
        pytest.param(
            b"".join(gzip.compress(TEXT[n : n + 500]) for n in range(0, LIMIT, 500)),
            "gzip",
            id="many members",
        ),
        pytest.param(
            gzip.compress(b"") * 3 + gzip.compress(TEXT) + gzip.compress(b"") + b"x",
            "gzip",
            id="empty members",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 100, 1 << 20])
async def test_whole_bodies(content: bytes, coding: str, size: int) -> None:
    """However they are cut."""
    assert await unpacked(pieces(content, size), coding, limit=LIMIT) == TEXT


@pytest.mark.parametrize(
    ("content", "coding", "want"),
    [
        pytest.param(TEXT + b"x", "", TooLarge, id="a byte too long"),
        pytest.param(gzip.compress(TEXT + b"x"), "gzip", TooLarge, id="unpacked a byte too long"),
        pytest.param(gzip.compress(bytes(50_000_000)), "gzip", TooLarge, id="bomb"),
        pytest.param(gzip.compress(TEXT)[:-1], "gzip", Undecodable, id="broken off"),
        pytest.param(
            gzip.compress(b"x") + gzip.compress(TEXT[1:])[:-1], "gzip", Undecodable, id="the second"
        ),
        pytest.param(
            gzip.compress(b"x") + gzip.compress(TEXT[1:])[:-8] + bytes(8),
            "gzip",
            Undecodable,
            id="a wrong checksum in the second",
        ),
        pytest.param(
            gzip.compress(TEXT) + gzip.compress(b"x"), "gzip", TooLarge, id="too long together"
        ),
        pytest.param(gzip.compress(b"") * LIMIT, "gzip", TooLarge, id="only empty members"),
        pytest.param(TEXT, "gzip", Undecodable, id="not packed"),
        pytest.param(b"", "gzip", Undecodable, id="nothing"),
        pytest.param(TEXT, "br", Undecodable, id="another coding"),
        pytest.param(TEXT, "gzip, gzip", Undecodable, id="two codings"),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
async def test_what_is_refused(
    content: bytes, coding: str, want: type[PollError], size: int
) -> None:
    """As soon as it is known, however it is cut."""
    with pytest.raises(want):
        await unpacked(pieces(content, size), coding, limit=LIMIT)


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "br"]), st.integers(1, 50))
def test_any_bytes_are_a_body_or_a_poll_error(content: bytes, coding: str, size: int) -> None:
    """Nothing else comes out, and never more than the bound."""
    try:
        got = asyncio.run(unpacked(pieces(content, size), coding, limit=100))
    except PollError:
        return

    assert len(got) <= 100
