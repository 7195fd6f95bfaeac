"""The web config file as it is now: it and the files that it names may change at any time."""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import structlog

from exporter.config.document import WrongValue, content
from exporter.errors import ConfigurationError
from exporter.web.access.configuration import WebConfiguration, parse
from exporter.web.listener import tls

_Signature = tuple[tuple[str, int, int, int], ...]

log = structlog.get_logger()


class Loaded(NamedTuple):
    """One reading; without TLS there is no `context`. `signature` tells whether it is outdated."""

    configuration: WebConfiguration
    context: ssl.SSLContext | None
    signature: _Signature


class WebSettings:
    """What to serve by: read at once, and again whenever a file has changed.

    Without a path nothing is asked of anybody. Raises `ConfigurationError` for a bad file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: _Signature = ()
        self._loaded = Loaded(WebConfiguration(), None, ())
        self._loaded = self.read()

    def current(self) -> Loaded:
        """The newest good reading; what is wrong with a newer one is logged once."""
        if self._path is not None:
            signature = _signature(self._files())
            if signature not in (self._loaded.signature, self._seen):
                self._seen = signature
                self._refresh(self._path)
        return self._loaded

    def read(self) -> Loaded:
        """What the files say now. Raises `ConfigurationError` and keeps the last good reading."""
        if self._path is None:
            return self._loaded
        try:
            # Before the text: a change in between is then seen as one.
            own = _signature((self._path,))
            configuration = parse(content(self._path), self._path)
            named = _signature(configuration.tls.files if configuration.tls else ())
            context = tls.context(configuration.tls) if configuration.tls else None
        except OSError as exc:
            raise ConfigurationError(f"{self._path}: cannot be read: {exc.strerror}") from exc
        except WrongValue as exc:
            raise ConfigurationError(f"{self._path}: {exc}") from exc
        if self._loaded.signature and (context is None) != (self._loaded.context is None):
            said = "TLS is turned on and off by a restart only - at `$.tls_server_config`"
            raise ConfigurationError(f"{self._path}: {said}")
        return Loaded(configuration, context, own + named)

    def use(self, loaded: Loaded) -> None:
        """Serve by this reading from now on."""
        self._loaded = loaded

    def _refresh(self, path: Path) -> None:
        try:
            self.use(self.read())
        except ConfigurationError as exc:
            log.warning("web config file refused, the old one stays", error=str(exc))
        else:
            log.info("web config file read again", path=str(path))

    def _files(self) -> Iterable[Path]:
        configuration = self._loaded.configuration
        named = configuration.tls.files if configuration.tls else ()
        return (self._path, *named) if self._path else named


def _signature(files: Iterable[Path]) -> _Signature:
    found = []
    for file in files:
        try:
            stat = file.stat()
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except (OSError, ValueError):  # it is not there, or cannot be
            found.append((str(file), 0, 0, 0))
    return tuple(found)
