"""Tokens: read anew from a file, and shown to nobody."""

import os
from pathlib import Path

import pytest

from exporter.config import TokenFile
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
