"""Format and content encoding by a scraper's request headers (RFC 9110, section 12)."""

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

    A header that accepts neither, or is malformed, gets text: no request is refused.
    """
    best = Format(openmetrics=False, content_type=TEXT)
    quality = 0.0
    for media in _ranges(accept):
        candidate = _format(media)
        # Of equals the first is taken: scrapers list formats in the order of their preference.
        if candidate and media.quality > quality:
            best, quality = candidate, media.quality
    return best


def gzip_accepted(accept_encoding: str) -> bool:
    """Whether an `Accept-Encoding` header accepts gzip; its own weight precedes that of `*`."""
    weights = {coding.value: coding.quality for coding in _ranges(accept_encoding)}
    aliases = (weights[name] for name in ("gzip", "x-gzip", "*") if name in weights)
    return next(aliases, 0.0) > 0.0


def json_preferred(accept: str) -> bool:
    """Whether an `Accept` header prefers JSON to HTML; a browser, and `*/*`, do not."""
    weights = {media.value: media.quality for media in _ranges(accept)}
    json = weights.get("application/json", 0.0)
    return json > weights.get("text/html", 0.0)


def _format(media: _Range) -> Format | None:
    version = media.parameters.get("version", "")
    if media.value == "application/openmetrics-text" and version in ("", "1.0.0", "0.0.1"):
        kind = f"application/openmetrics-text; version={version or '1.0.0'}; charset=utf-8"
        return Format(openmetrics=True, content_type=kind)
    if media.value in ("text/plain", "text/*", "*/*"):
        return Format(openmetrics=False, content_type=TEXT)
    return None


def _ranges(header: str) -> Iterator[_Range]:
    """The members of a list header, without those whose weight is malformed."""
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
