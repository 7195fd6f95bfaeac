"""Files read within bounds, and YAML read strictly: a key that nobody knows is an error."""

import errno
import os
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

MOST_BYTES: Final = 1 << 20
"""What a person writes is shorter, and so is what Kubernetes mounts."""

MOST_PEM_BYTES: Final = 16 << 20
"""Enough for every authority there is."""

_MOST_VALUES: Final = 1_000_000


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A typo in the file is an error, never a silent default."""


class WrongValue(Exception):
    """A value of the right type that cannot be: `path` is its place within the file."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{expected} - at `{path}`")
        self.path = path
        self.expected = expected


def content(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file.

    Raises `OSError` for one that is longer than `most` or has no end, and for a pipe, on which
    whoever reads it again would wait for ever.
    """
    try:
        # Opening a pipe waits for its other end, unless it is told not to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as exc:  # a NUL in the name, or half a surrogate
        raise OSError(errno.EINVAL, "no file can have this name") from exc
    with open(descriptor, "rb") as file:  # noqa: PTH123 - it is open already
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise OSError(errno.ESPIPE, "expected a file, and it is a pipe")
        text = file.read(most + 1) or b""
    if len(text) > most:
        raise OSError(errno.EFBIG, f"expected at most {most} bytes")
    return text


class _Loader(yaml.SafeLoader):
    """A key that stands twice is an error, and so are aliases that stand for too much.

    PyYAML keeps the last of two equal keys; a person who wrote both deserves to know.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        alias = self.check_event(yaml.AliasEvent)
        node: Any = super().compose_node(parent, index)
        if not alias:
            self._sizes[id(node)] = 1 + sum(self._sizes[id(inner)] for inner in _within(node))
        # Within what it stands for, an alias has no size yet.
        if self._sizes.get(id(node), _MOST_VALUES) >= _MOST_VALUES:
            said = f"expected fewer than {_MOST_VALUES} values, with what aliases stand for"
            raise yaml.composer.ComposerError(None, None, said, node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                continue  # the loader itself refuses what cannot be a key
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _within(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return iter(node.value if isinstance(node, yaml.SequenceNode) else ())


def decoded(text: bytes) -> Any:
    """What a YAML file says.

    Raises `yaml.YAMLError`, `UnicodeDecodeError`, or `RecursionError` where it nests too deeply.
    """
    try:
        return yaml.load(text.decode("utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except ValueError as exc:  # a timestamp such as 2024-99-99
        if isinstance(exc, UnicodeDecodeError):
            raise
        raise yaml.YAMLError(str(exc)) from exc


def one_line(exc: Exception) -> str:
    """An error's message on one line."""
    return " ".join(str(exc).split())
