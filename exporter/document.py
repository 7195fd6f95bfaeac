"""YAML files read strictly: a key that stands twice is an error, and so is one nobody knows."""

from typing import Any

import msgspec
import yaml


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A typo in the file is an error, never a silent default."""


class WrongValue(Exception):
    """A value of the right type that cannot be: `path` is its place within the file."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{expected} - at `{path}`")
        self.path = path
        self.expected = expected


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys; a person who wrote both deserves to know."""

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


def decoded(text: bytes) -> Any:
    """What a YAML file says.

    Raises `yaml.YAMLError`, `UnicodeDecodeError`, or `RecursionError` where it nests too deeply.
    """
    try:
        return yaml.load(text.decode("utf-8-sig"), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except ValueError as exc:  # a timestamp such as 2024-99-99
        if isinstance(exc, UnicodeDecodeError):
            raise
        raise yaml.YAMLError(str(exc)) from exc


def one_line(exc: Exception) -> str:
    """An error's message on one line."""
    return " ".join(str(exc).split())
