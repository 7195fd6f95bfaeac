"""Another configuration put in force at run time, whole or not at all (decisions/0403)."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from exporter.config import Configuration
from exporter.errors import ConfigurationError
from exporter.exposition.telemetry import Telemetry
from exporter.web import WebSettings

_FRAMES: Final = 6

log = structlog.get_logger()


class Reloader:
    """Loads the configuration and the web config file again, one attempt at a time.

    `load` gives the configuration and `apply` puts it in force; both raise `ConfigurationError`.
    `clock` gives Unix time.
    """

    def __init__(
        self,
        load: Callable[[], Configuration],
        apply: Callable[[Configuration], Awaitable[None]],
        web: WebSettings,
        telemetry: Telemetry,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._load = load
        self._apply = apply
        self._web = web
        self._telemetry = telemetry
        self._clock = clock
        self._turn = asyncio.Lock()

    async def reload(self) -> None:
        """Put the files as they are now in force.

        Raises `ConfigurationError`, and then nothing has changed; also for an exception that
        nobody foresaw, which is counted.
        """
        async with self._turn:
            try:
                configuration = await asyncio.to_thread(self._load)
                web = await asyncio.to_thread(self._web.read)
                await self._apply(configuration)
                self._web.use(web)
            except ConfigurationError as exc:
                self._telemetry.configuration_refused(str(exc))
                log.warning("configuration refused, the old one stays", error=str(exc))
                raise
            except Exception as exc:  # a thread that cannot be had, say: it costs this reload
                self._telemetry.internal_error()
                self._telemetry.configuration_refused(message := f"{type(exc).__name__}: {exc}")
                text = "".join(traceback.format_exception(exc, limit=-_FRAMES))
                event = "this is a bug in the exporter; it costs this reload"
                log.error(event, traceback=text)  # noqa: TRY400 - as for a poll
                raise ConfigurationError(message) from exc
            self._telemetry.configuration_loaded(self._clock())
            log.info("configuration reloaded")
