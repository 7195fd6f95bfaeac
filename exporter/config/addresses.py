"""What the address of an API or of a proxy may be: `WrongValue` names the place of another one."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from exporter.config.document import WrongValue

_CODE: Final = re.compile(r"[a-z]{3}[a-z0-9-]*", re.ASCII)
_NETLOC: Final = re.compile(
    r"(?:[^@]*@)?"
    r"(?:\[(?P<v6>[0-9a-f:.]+(?:%[a-z0-9._-]+)?)\]|(?P<v4>[0-9.]+)|"
    r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?))(?::\d*)?",
    re.ASCII | re.IGNORECASE,
)


def named_or_url(given: str, path: str) -> tuple[str, str]:
    """Name and base URL of a metro that is given by its code or its URL.

    A URL's name is its host without `api.` and domain.
    """
    if "://" in given:
        url = base_url(given, path, insecure=False)
        parts = urlsplit(url)
        code = re.fullmatch(
            r"api\.([a-z0-9-]+)\.(?:unikraft|kraft)\.cloud", parts.hostname or "", re.ASCII
        )
        return code[1] if code else parts.netloc, url
    if not _CODE.fullmatch(given):
        raise WrongValue(path, "expected a metro code such as fra0, a URL, or a name and a url")
    # Codes of the first generation end in a digit, those of the second do not.
    domain = "kraft.cloud" if given[-1].isdigit() else "unikraft.cloud"
    return given, f"https://api.{given}.{domain}"


def base_url(url: str, path: str, *, insecure: bool) -> str:
    """The URL without a trailing `/v1`; plain HTTP for loopback only, unless `insecure`."""
    wanted = "expected a URL such as https://api.fra0.kraft.cloud"
    parts = _split(url, path, wanted)
    if not url.isprintable() or " " in url or parts.query or parts.fragment:
        raise WrongValue(path, f"{wanted}, with neither query nor fragment")
    if "@" in parts.netloc:
        raise WrongValue(path, f"{wanted}, with neither user nor password")
    if parts.scheme == "http" and not insecure and not _loopback(parts.hostname or ""):
        raise WrongValue(
            path,
            "the token would travel in the clear: expected https://, "
            "a loopback address, or `allow_insecure: true` beside the URL",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/v1')}"


def proxy_url(given: str, path: str) -> str:
    """The URL of a proxy, as it is given."""
    wanted = "expected a proxy's URL such as http://proxy.example.com:3128"
    parts = _split(given, path, wanted)
    if "@" in parts.netloc:
        said = f"{wanted}, with neither user nor password: HTTPS_PROXY may have them"
        raise WrongValue(path, said)
    if parts.path.strip("/") or parts.query or parts.fragment or not given.isprintable():
        raise WrongValue(path, wanted)
    return given


def is_loopback(url: str) -> bool:
    """Whether a base URL leads to this machine alone."""
    return _loopback(urlsplit(url).hostname or "")


def _split(url: str, path: str, wanted: str) -> SplitResult:
    """An HTTP URL in its parts; its host is an address or a name that DNS can have."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and url.isascii() and _possible(parts)
    except ValueError as exc:
        raise WrongValue(path, wanted) from exc
    if not known:
        raise WrongValue(path, wanted)
    return parts


def _possible(parts: SplitResult) -> bool:
    """Whether host and port can be; where they cannot, it may be a ValueError too.

    `urlsplit` takes `[::1]evil` for `::1`.
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
