"""The web config file as it is now, with the files that it names (decisions/0401)."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from exporter.config.document import WrongValue, content, reading
from exporter.errors import ConfigurationError
from exporter.web.access.configuration import WebConfiguration, parse
from exporter.web.listener import tls

RETRY_SECONDS: Final = 1.0
"""How long a reading that was refused stands before the next."""

_Signature = tuple[tuple[str, int, int, int, int], ...]

log = structlog.get_logger()


class Loaded(NamedTuple):
    """One reading of the files; `signature` tells whether it is outdated.

    Without TLS there is no `handshake`.
    """

    configuration: WebConfiguration
    handshake: tls.Handshake | None
    signature: _Signature


class WebSettings:
    """The settings to serve with: read at once, and again whenever a file has changed.

    What is refused is read again until it is right: it may name files that come later.
    Without a path there are neither TLS nor users. `clock` gives seconds that never go back.
    Raises `ConfigurationError` for a bad file.
    """

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._refused: _Signature = ()
        self._retry_at = clock()
        self._error = ""
        self._loaded = Loaded(WebConfiguration(), None, ())
        self._loaded = self.read()

    def current(self) -> Loaded:
        """The newest good reading; each error in a newer one is logged once."""
        if self._path is not None:
            signature = _signature(self._files())
            known = signature == self._refused and self._clock() < self._retry_at
            if signature != self._loaded.signature and not known:
                self._refused = signature
                self._refresh(self._path)
        return self._loaded

    def handshake(self) -> tls.Handshake | None:
        """How a connection begins that is accepted now; None without TLS.

        It resumes no session of another connection: Python cannot turn OpenSSL's cache of them
        off, so that one that has any is replaced, with its context (decisions/0402).
        """
        loaded = self.current()
        if loaded.handshake and loaded.configuration.tls and loaded.handshake.remembers:
            try:
                fresh = tls.handshake(loaded.configuration.tls)
            except WrongValue:  # the files are being changed
                return loaded.handshake
            self._loaded = loaded._replace(handshake=fresh)
        return self._loaded.handshake

    def read(self) -> Loaded:
        """What the files say now. Raises `ConfigurationError` and keeps the last good reading."""
        if self._path is None:
            return self._loaded
        with reading(self._path):
            # Before the text, so that a change in between counts as one.
            own = _signature((self._path,))
            configuration = parse(content(self._path), self._path)
            named = _signature(configuration.tls.files if configuration.tls else ())
            handshake = tls.handshake(configuration.tls) if configuration.tls else None
        if self._loaded.signature and (handshake is None) != (self._loaded.handshake is None):
            message = "TLS is turned on and off by a restart only - at `$.tls_server_config`"
            raise ConfigurationError(f"{self._path}: {message}")
        return Loaded(configuration, handshake, own + named)

    def use(self, loaded: Loaded) -> None:
        """Serve with this reading from now on."""
        self._loaded = loaded

    def _refresh(self, path: Path) -> None:
        try:
            self.use(self.read())
        except ConfigurationError as exc:
            self._retry_at = self._clock() + RETRY_SECONDS
            if str(exc) != self._error:
                self._error = str(exc)
                log.warning("web config file refused, the old one stays", error=str(exc))
        else:
            self._error = ""
            log.info("web config file read again", path=str(path))

    def _files(self) -> Iterable[Path]:
        configuration = self._loaded.configuration
        named = configuration.tls.files if configuration.tls else ()
        return (self._path, *named) if self._path else named


def _signature(files: Iterable[Path]) -> _Signature:
    return tuple(_stat(file) for file in files)


def _stat(file: Path) -> tuple[str, int, int, int, int]:
    try:
        stat = file.stat()
    except (OSError, ValueError):  # it is not there, or no file can have the name
        return str(file), 0, 0, 0, 0
    return str(file), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
