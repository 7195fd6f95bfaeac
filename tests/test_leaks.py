"""The search for the token finds it, however it is written."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.world.leaks import MARK, Search

TOKEN = f"a/b+{MARK}="


@pytest.mark.parametrize(
    ("output", "want"),
    [
        ("", False),
        ("token", False),
        (base64.b64encode(b"something else, as long as it may be"), False),
        (f"Bearer {TOKEN}\n", True),
        (json.dumps(TOKEN).replace("/", "\\/"), True),
        (quote(TOKEN, safe=""), True),
        (repr(TOKEN.encode()), True),
        (TOKEN.encode().hex(), True),
        *((base64.b64encode(f"{'u' * n}:{TOKEN}".encode()), True) for n in range(4)),
        *((base64.urlsafe_b64encode(f"{'u' * n}{TOKEN}".encode()), True) for n in range(4)),
    ],
)
def test_forms(output: str | bytes, want: bool) -> None:
    """As it is, escaped, in hexadecimal, and in base64 at any place."""
    search = Search()
    search.look("here", output)

    assert search.take() == ["here"] * want
    assert (search.outputs, search.take()) == (1, [])


def test_files(tmp_path: Path) -> None:
    """A file that holds the token and nothing else is where it belongs; no other is."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "empty").touch()
    (tmp_path / "inner" / "log").write_bytes(b"\xff" * 10_000 + f"token={TOKEN}".encode())
    search = Search()
    search.look_below(tmp_path)
    (tmp_path / "token").unlink()
    (tmp_path / "inner" / "log").unlink()

    assert (search.outputs, search.take()) == (1, [str(tmp_path / "inner" / "log")])
