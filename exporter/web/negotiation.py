"""Which format and which coding a scraper is given (RFC 9110, section 12)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Format(NamedTuple):
    """An exposition format and the `Content-Type` that names it."""

    openmetrics: bool
    content_type: str


class _Range(NamedTuple):
    value: str
    parameters: dict[str, str]
    quality: float


def negotiated(accept: str) -> Format:
    """The format for an `Accept` header: OpenMetrics where it is preferred, else text 0.0.4.

    Nobody is refused: whoever accepts neither, or asks in a way that makes no sense, gets text.
    """
    best = Format(openmetrics=False, content_type=TEXT)
    offered = 0.0
    for wanted in _ranges(accept):
        candidate = _format(wanted)
        # Of equals the first is taken: scrapers list what they like best first.
        if candidate and wanted.quality > offered:
            best, offered = candidate, wanted.quality
    return best


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether an `Accept-Encoding` header accepts gzip; a weight of its own outdoes that of `*`."""
    weights = {coding.value: coding.quality for coding in _ranges(accept_encoding)}
    aliases = (weights[name] for name in ("gzip", "x-gzip", "*") if name in weights)
    return next(aliases, 0.0) > 0.0


def _format(wanted: _Range) -> Format | None:
    version = wanted.parameters.get("version", "")
    if wanted.value == "application/openmetrics-text" and version in ("", "1.0.0", "0.0.1"):
        kind = f"application/openmetrics-text; version={version or '1.0.0'}; charset=utf-8"
        return Format(openmetrics=True, content_type=kind)
    if wanted.value in ("text/plain", "text/*", "*/*"):
        return Format(openmetrics=False, content_type=TEXT)
    return None


def _ranges(header: str) -> Iterator[_Range]:
    """The members of a list header; one whose weight makes no sense is passed over."""
    for member in header.split(","):
        value, *rest = (part.strip() for part in member.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip().lower(): text.strip(' \t"') for name, _, text in pairs}
        quality = _quality(parameters.pop("q", "1"))
        if value and quality is not None:
            yield _Range(value.lower(), parameters, quality)


def _quality(text: str) -> float | None:
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    quality = float(text)
    return quality if quality <= 1 else None
