"""Log lines: one event each, logfmt or JSON, on standard error."""

import contextlib
import io
import logging
import sys
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}

_MAX_CHARACTERS: Final = 1000


class _StandardError(io.TextIOBase):
    """Standard error, if it is open; a line that cannot be written is lost, and no error."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            if sys.stderr is not None:
                sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            if sys.stderr is not None:
                sys.stderr.flush()


STANDARD_ERROR: Final = cast("TextIO", _StandardError())


def configure_logging(level: str, line_format: Literal["logfmt", "json"]) -> None:
    """Send the events of this process to standard error, in this format, from this level up.

    Libraries log from `warn` up only: their debug lines show requests with their headers.
    """
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if line_format == "logfmt":
        renderer = structlog.processors.LogfmtRenderer(
            key_order=("ts", "level", "msg"), bool_as_flag=False
        )
    processors: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.EventRenamer("msg"),
        _printable,
    ]
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(STANDARD_ERROR),
    )
    handler = logging.StreamHandler(STANDARD_ERROR)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, LEVELS[level]), force=True)


def _printable(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Names and messages come from the API: nothing in them may end a line or move a cursor."""
    return {key: _shown(value) if isinstance(value, str) else value for key, value in event.items()}


def _shown(text: str) -> str:
    if len(text) > _MAX_CHARACTERS:
        text = text[: _MAX_CHARACTERS - 1] + "…"
    return printable(text)


def printable(text: str) -> str:
    """The text with an escape for each character that controls a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
