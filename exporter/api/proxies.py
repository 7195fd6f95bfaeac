"""Which proxy a metro is reached through, as curl and Go read the environment (decisions/0406)."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from exporter.config.addresses import is_loopback

_PORTS: Final = {"http": 80, "https": 443}


class Proxy(NamedTuple):
    """A proxy's URL, which may hold a password, and the variable that names it."""

    variable: str
    url: str


def proxy_for(url: str, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy for a metro's base URL; None for a direct connection.

    `https_proxy` or `http_proxy` by the URL's scheme, else `all_proxy`, unless `no_proxy` names the
    host; each may be in upper case, and lower case wins. An empty one is none. Without a scheme
    a proxy is an HTTP one. Loopback addresses are reached directly.
    Whether the URL is one of a proxy that can be used is not asked here.
    """
    if is_loopback(url) or _exempt(url, environment):
        return None
    for name in (f"{urlsplit(url).scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if value := environment.get(variable, "").strip():
                return Proxy(variable, value if "://" in value else f"http://{value}")
    return None


def _exempt(url: str, environment: Mapping[str, str]) -> bool:
    parts = urlsplit(url)
    host = (parts.hostname or "").partition("%")[0].rstrip(".")
    port = str(parts.port or _PORTS[parts.scheme])
    entries = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return any(_covers(entry, host, port) for entry in re.split(r"[,\s]+", entries.lower()))


def _covers(entry: str, host: str, port: str) -> bool:
    """Whether an entry of `no_proxy` covers a host: an address, a network, a name, each maybe with
    a port, or `*`. A name covers those below it, too."""
    if entry == "*":
        return True
    named, number = _split(entry)
    if number not in ("", port):
        return False
    try:
        network = ipaddress.ip_network(named, strict=False)
    except ValueError:
        below = named.removeprefix("*").lstrip(".").rstrip(".")
        same = host == below and not named.startswith("*")
        return bool(below) and not _is_address(host) and (same or host.endswith(f".{below}"))
    return _is_address(host) and ipaddress.ip_address(host) in network


def _split(entry: str) -> tuple[str, str]:
    """Host and port of an entry; the port may be empty."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return (host + rest, "") if rest.startswith("/") else (host, rest.removeprefix(":"))
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
