"""Files that are not what a person meant, and YAML whose aliases expand without bound."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from exporter.config.document import content, decoded


def bomb(first: str, line: Callable[[int], str], levels: int = 9) -> bytes:
    """Ten times as much on each line as on the one before."""
    return "\n".join([first, *map(line, range(1, levels))]).encode()


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("none", "No such file"),
        (".", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("pipe", "expected a file, and it is a pipe"),
        ("long", "expected at most 1048576 bytes"),
        ("/dev/zero", "expected at most 1048576 bytes"),
        ("a\0b", "no file can have this name"),
        ("\ud800", "no file can have this name"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, want: str) -> None:
    """An `OSError` at once: no pipe is waited for, nothing endless is read, and all is closed."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "long").write_bytes(bytes((1 << 20) + 1))
    before = list(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match=want):
        content(tmp_path / name)

    assert len(list(Path("/proc/self/fd").iterdir())) == len(before)


def test_a_file_and_a_link_to_one(tmp_path: Path) -> None:
    """Kubernetes mounts links; a file may be as long as the bound."""
    (tmp_path / "file").write_bytes(bytes(1 << 20))
    (tmp_path / "link").symlink_to("file")

    assert (len(content(tmp_path / "link")), content(Path("/dev/null"))) == (1 << 20, b"")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            bomb("a0: &a0 [x, x]", lambda n: f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]"),
            id="lists",
        ),
        pytest.param(
            bomb(
                "a0: &a0 {k: v}",
                lambda n: (
                    f"a{n}: &a{n} {{" + ", ".join(f"k{m}: *a{n - 1}" for m in range(10)) + "}"
                ),
            ),
            id="mappings",
        ),
        pytest.param(
            bomb(
                "a0: &a0 {k: v}",
                lambda n: f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}",
            ),
            id="merged keys",
        ),
        pytest.param(b"&a [*a]", id="within itself"),
        pytest.param(b"&a {<<: *a}", id="merged into itself"),
    ],
)
def test_aliases_that_expand_too_far(text: bytes) -> None:
    """Are an error before they take the memory."""
    with pytest.raises(yaml.YAMLError, match="fewer than 1000000 values once aliases are expanded"):
        decoded(text)


def test_aliases() -> None:
    """Of a list, of a mapping, and merged into another one."""
    text = b"[&a {name: a, metros: [fra0]}, {<<: *a, name: b}, *a]"

    assert decoded(text) == [
        {"name": "a", "metros": ["fra0"]},
        {"name": "b", "metros": ["fra0"]},
        {"name": "a", "metros": ["fra0"]},
    ]
