"""Tokens: read anew from a file, and shown to nobody."""

import os
from pathlib import Path

import pytest

from exporter.config import TokenFile
from exporter.config.tokens import token
from exporter.errors import Unauthorized
from tests.world.leaks import MARK


def test_a_token_file_is_read_anew(tmp_path: Path) -> None:
    """Rotation needs no restart; a file that is gone is an error of the tree."""
    path = tmp_path / "token"
    source = TokenFile(path)
    path.write_text(f"first{MARK}\n")
    first = source.read()
    path.write_text(f"second{MARK}")

    assert (first.value, source.read().value) == (f"first{MARK}", f"second{MARK}")
    path.write_text("two\nlines")
    with pytest.raises(Unauthorized, match="one line"):
        source.read()
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Unauthorized, match="it is a pipe"):  # and nobody waits for its other end
        source.read()
    path.unlink()
    with pytest.raises(Unauthorized, match="No such file"):
        source.read()


VALUE = f"cm9ib3QkZGVtbzp{MARK}"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param(f"{VALUE}==".encode(), None, id="padded base64"),
        pytest.param(b"QUJDRA==", None, id="padded base64 that looks like a name"),
        pytest.param(f"  {VALUE}\r\n".encode(), None, id="white space around"),
        pytest.param(f"robot$demo:{MARK}=x".encode(), None, id="not base64"),
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(f'"{VALUE}"'.encode(), "without quotes", id="double quotes"),
        pytest.param(f"'{VALUE}'\n".encode(), "without quotes", id="single quotes"),
        pytest.param(f"`{VALUE}`".encode(), "without quotes", id="backticks"),
        pytest.param(f'{VALUE}"'.encode(), "without quotes", id="one quote"),
        pytest.param(f"UKC_TOKEN={VALUE}".encode(), "such as `UKC_TOKEN=`", id="assignment"),
        pytest.param(f"UKC_TOKEN={VALUE}==".encode(), "such as `UKC_TOKEN=`", id="of base64"),
        pytest.param(f'UKC_TOKEN="{VALUE}"'.encode(), "such as `UKC_TOKEN=`", id="of a quoted one"),
        pytest.param(f"export A_B={VALUE}".encode(), "such as `UKC_TOKEN=`", id="exported"),
        pytest.param(f"token = {VALUE}".encode(), "such as `UKC_TOKEN=`", id="in a settings file"),
        pytest.param(f"$env:UKC_TOKEN='{VALUE}'".encode(), "such as `UKC_TOKEN=`", id="PowerShell"),
        pytest.param(f"Bearer {VALUE}".encode(), "without `Bearer`", id="header"),
        pytest.param(VALUE.encode("utf-8-sig"), "byte order mark (BOM)", id="UTF-8 with a BOM"),
        pytest.param(VALUE.encode("utf-16"), "byte order mark (BOM)", id="UTF-16"),
        pytest.param(b"\xfe\xff" + VALUE.encode("utf-16-be"), "(BOM)", id="UTF-16, big end first"),
        pytest.param(f"{VALUE}\n{VALUE}".encode(), "on one line", id="two lines"),
        pytest.param("tökén".encode(), "visible ASCII", id="not ASCII"),
    ],
)
def test_what_a_token_file_may_hold(tmp_path: Path, text: bytes, want: str | None) -> None:
    """The token alone; whatever else people save is named, and never repeated."""
    path = tmp_path / "token"
    path.write_bytes(text)
    try:
        value, message = TokenFile(path).read().value, None
    except Unauthorized as exc:
        value, message = None, str(exc)
    path.unlink()

    if want is None:
        assert (value, message) == (text.decode().strip(), None)
    else:
        assert message is not None
        assert message.startswith(f"token file {path}: expected ")
        assert (want in message, MARK in message) == (True, False)


def test_a_variable_with_a_byte_order_mark() -> None:
    """As a shell gives it that has read such a file."""
    with pytest.raises(Unauthorized, match="byte order mark"):
        token(f"\ufeff{VALUE}", "environment variable UKC_TOKEN")
