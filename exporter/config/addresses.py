"""The address of an API or of a proxy, or a `WrongValue`.

The functions take the place of the address within the configuration, `path`, for that error.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from exporter.config.document import WrongValue

_CODE: Final = re.compile(r"[a-z]{3}[a-z0-9-]*", re.ASCII)
_FIRST_GENERATION: Final = frozenset({"fra0", "dal0", "sin0", "was1"})
_NETLOC: Final = re.compile(
    r"(?:[^@]*@)?"
    r"(?:\[(?P<v6>[0-9a-f:.]+(?:%[a-z0-9._-]+)?)\]|(?P<v4>[0-9.]+)|"
    r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?))(?::\d*)?",
    re.ASCII | re.IGNORECASE,
)


def named_or_url(text: str, path: str) -> tuple[str, str]:
    """Name and base URL of a metro that is given as its code, in either case, or its URL.

    A URL of the platform is named by its code, any other by its host and port.
    """
    if "://" in text:
        url = base_url(text, path, insecure=False)
        parts = urlsplit(url)
        host = re.fullmatch(
            r"api\.([a-z0-9-]+)\.(?:unikraft|kraft)\.cloud", parts.hostname or "", re.ASCII
        )
        return host[1] if host else parts.netloc, url
    code = text.lower()
    if code == "all":
        raise WrongValue(path, "`all` is reserved: expected the codes of the metros, such as fra")
    if not text.isascii() or not _CODE.fullmatch(code):
        raise WrongValue(path, "expected a metro code such as fra, a URL, or a name and a url")
    domain = "kraft.cloud" if code in _FIRST_GENERATION else "unikraft.cloud"
    return code, f"https://api.{code}.{domain}"


def base_url(url: str, path: str, *, insecure: bool) -> str:
    """The URL without a trailing `/v1`; plain HTTP for loopback only, unless `insecure`."""
    expected = "expected a URL such as https://api.fra.unikraft.cloud"
    parts = _split(url, path, expected)
    if not url.isprintable() or " " in url or parts.query or parts.fragment:
        raise WrongValue(path, f"{expected}, with neither query nor fragment")
    if "@" in parts.netloc:
        raise WrongValue(path, f"{expected}, with neither user nor password")
    if parts.scheme == "http" and not insecure and not _loopback(parts.hostname or ""):
        raise WrongValue(
            path,
            "the token would travel in the clear: expected https://, "
            "a loopback address, or `allow_insecure: true` beside the URL",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


def proxy_url(url: str, path: str) -> str:
    """The URL of a proxy, unchanged."""
    expected = "expected a proxy's URL such as http://proxy.example.com:3128"
    parts = _split(url, path, expected)
    if "@" in parts.netloc:
        expected = f"{expected}, with neither user nor password: HTTPS_PROXY may have them"
        raise WrongValue(path, expected)
    if parts.path.strip("/") or parts.query or parts.fragment or not url.isprintable():
        raise WrongValue(path, expected)
    return url


def is_loopback(url: str) -> bool:
    """Whether a base URL leads to this machine alone."""
    return _loopback(urlsplit(url).hostname or "")


def _split(url: str, path: str, expected: str) -> SplitResult:
    """The parts of an HTTP URL whose host is an address or a name that DNS can have."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and url.isascii() and _valid(parts)
    except ValueError as exc:
        raise WrongValue(path, expected) from exc
    if not valid:
        raise WrongValue(path, expected)
    return parts


def _valid(parts: SplitResult) -> bool:
    """Whether host and port are valid; some that are not raise ValueError.

    `urlsplit` alone takes `[::1]evil` for `::1`.
    """
    match = _NETLOC.fullmatch(parts.netloc)
    if match is None or parts.port == 0:
        return False
    if match["name"]:
        match["name"].encode("idna").decode("idna")
    else:
        ipaddress.ip_address(match["v4"] or match["v6"])
    return True


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
