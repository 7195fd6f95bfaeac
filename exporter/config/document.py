"""Files read within bounds, and YAML read strictly: an unknown or a duplicate key is an error."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from exporter.errors import ConfigurationError

MOST_BYTES: Final = 1 << 20
"""A bound for what a person writes, or Kubernetes mounts."""

MOST_PEM_BYTES: Final = 16 << 20
"""A bound for certificates: a system's whole list of authorities is far below it."""

_MOST_VALUES: Final = 1_000_000


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A typo in the file is an error, never a silent default."""


class WrongValue(Exception):
    """A value of the right type that is not allowed: `path` is its place within the file."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{expected} - at `{path}`")
        self.path = path
        self.expected = expected


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn every error of a file that is read within the block into a `ConfigurationError`.

    It names the file at `path`, the place within it and what was expected.
    """
    try:
        yield
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be read: {exc.strerror}") from exc
    except RecursionError as exc:
        raise ConfigurationError(f"{path}: not YAML: nested too deeply") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path}: not YAML: {_one_line(exc)}") from exc
    except (msgspec.ValidationError, WrongValue) as exc:
        raise ConfigurationError(f"{path}: {_one_line(exc)}") from exc


def content(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file.

    Raises `OSError` for one that is longer than `most` or endless, and for a pipe: the next one
    to read it would wait for ever.
    """
    try:
        # What opens it itself closes it where it cannot be read, such as a directory.
        opened = open(path, "rb", opener=_at_once)  # noqa: SIM115 - a path has no opener
    except ValueError as exc:  # a NUL in the name, or half a surrogate
        raise OSError(errno.EINVAL, "no file can have this name") from exc
    with opened as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.ESPIPE, "expected a file, and it is a pipe")
        text = file.read(most + 1) or b""
    if len(text) > most:
        raise OSError(errno.EFBIG, f"expected at most {most} bytes")
    return text


def _at_once(path: str, flags: int) -> int:
    """A descriptor of the file; without O_NONBLOCK, opening a pipe waits for its other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def decoded(text: bytes) -> Any:
    """The value of a YAML file.

    Raises `yaml.YAMLError`, `UnicodeDecodeError`, or `RecursionError` where it nests too deeply.
    """
    try:
        return yaml.load(text.decode("utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except ValueError as exc:  # a timestamp such as 2024-99-99
        if isinstance(exc, UnicodeDecodeError):
            raise
        raise yaml.YAMLError(str(exc)) from exc


class _Loader(yaml.SafeLoader):
    """Refuses a duplicate key, of which PyYAML keeps the last, and aliases that expand too far."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        alias = self.check_event(yaml.AliasEvent)
        node: Any = super().compose_node(parent, index)
        if not alias:
            self._sizes[id(node)] = 1 + sum(self._sizes[id(inner)] for inner in _children(node))
        # An alias within its own anchor has no size yet.
        if self._sizes.get(id(node), _MOST_VALUES) >= _MOST_VALUES:
            expected = f"expected fewer than {_MOST_VALUES} values once aliases are expanded"
            raise yaml.composer.ComposerError(None, None, expected, node.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                continue  # the loader itself refuses a list or a mapping as a key
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"duplicate key {key.value!r}", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return iter(node.value if isinstance(node, yaml.SequenceNode) else ())


def _one_line(exc: Exception) -> str:
    return " ".join(str(exc).split())
