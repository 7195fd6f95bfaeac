"""How the metros' APIs are reached: connections, TLS, proxies, the budget of requests."""

import asyncio
import os
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from exporter import __version__
from exporter.api.proxies import Proxy, proxy_for
from exporter.config import Authorities, Configuration, Metro
from exporter.config.addresses import is_loopback
from exporter.errors import ConfigurationError

WINDOW_SECONDS: Final = 60.0

KEEPALIVE_SECONDS: Final = 50.0
"""How long an idle connection is used again: load balancers forget it after 60 s or more."""

_CONNECTIONS: Final = 8
_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Where there is no TLS nobody is trusted, and no authorities are loaded."""


class Trust:
    """TLS contexts, one for each set of authorities: loading them takes tens of milliseconds."""

    def __init__(self) -> None:
        self._contexts: dict[Authorities | None, ssl.SSLContext] = {}

    def context(self, authorities: Authorities | None) -> ssl.SSLContext:
        """A context that verifies certificates and names; `None` trusts those of the system.

        Raises `ConfigurationError` where the environment names files that cannot be used.
        """
        if authorities not in self._contexts:
            try:
                context = (
                    _system_context()
                    if authorities is None
                    else ssl.create_default_context(cadata=authorities.pem)
                )
            except OSError as exc:  # an SSLError too
                raise ConfigurationError(
                    "environment: SSL_CERT_FILE, SSL_CERT_DIR or SSLKEYLOGFILE: "
                    f"expected files that can be used: {exc.strerror or exc}"
                ) from exc
            self._contexts[authorities] = context
        return self._contexts[authorities]


def _system_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if file := os.environ.get("SSL_CERT_FILE"):
        context.load_verify_locations(file)  # OpenSSL passes over a file that it cannot use
    return context


def connections(
    metro: Metro, configuration: Configuration, trust: Trust, environment: Mapping[str, str]
) -> httpx.AsyncClient:
    """A pool of connections for one metro alone, so that a metro that hangs delays no other.

    The proxy is that of the configuration, else of the environment; none for a loopback address.
    Where the environment's cannot be used, each request fails with `httpx.ProxyError`.
    Raises `ConfigurationError` where httpx refuses the metro's host.
    """
    try:
        _ = httpx.URL(metro.base_url).host  # an internationalised name is decoded here
    except (ValueError, httpx.InvalidURL) as exc:
        raise ConfigurationError(
            f"{metro.base_url}: expected the URL of a host that can be"
        ) from exc
    return httpx.AsyncClient(
        base_url=metro.base_url,
        transport=_transport(metro, configuration, trust, environment),
        # Shorter than the whole request may take: httpx closes a socket whose handshake times out
        # by its own clock, and leaves it open where it is cancelled from outside.
        timeout=httpx.Timeout(configuration.timeout, connect=configuration.timeout / 2),
        headers={"User-Agent": f"ukc-certificate-exporter/{__version__}"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # none is kept
        follow_redirects=False,  # the token stays with the host that it is meant for
        trust_env=False,
    )


def _transport(
    metro: Metro, configuration: Configuration, trust: Trust, environment: Mapping[str, str]
) -> httpx.AsyncBaseTransport:
    proxy = _proxy(metro, configuration, environment)
    # A connection that would be idle for longer is closed at once (decisions/0407).
    reused = configuration.batched or configuration.interval < KEEPALIVE_SECONDS
    transport = partial(
        httpx.AsyncHTTPTransport,
        verify=trust.context(metro.authorities) if metro.base_url.startswith("https:") else _NOBODY,
        limits=httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=1 if reused else 0,
            keepalive_expiry=KEEPALIVE_SECONDS,
        ),
        trust_env=False,
    )
    if proxy is None:
        return transport()
    tls = trust.context(None) if proxy.url.lower().startswith("https:") else None
    try:
        usable = httpx.Proxy(proxy.url, ssl_context=tls)
        return transport(proxy=usable) if usable.url.host else _UnusableProxy(proxy)
    except (ValueError, ImportError, httpx.InvalidURL):
        return _UnusableProxy(proxy)


def _proxy(
    metro: Metro, configuration: Configuration, environment: Mapping[str, str]
) -> Proxy | None:
    if configuration.proxy_url is None:
        return proxy_for(metro.base_url, environment)
    return None if is_loopback(metro.base_url) else Proxy("proxy_url", configuration.proxy_url)


class _UnusableProxy(httpx.AsyncBaseTransport):
    """Fails every request, since the metro is not to be reached directly."""

    def __init__(self, proxy: Proxy) -> None:
        self._variable = proxy.variable

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        # The URL is not repeated: it may hold a password.
        raise httpx.ProxyError(
            f"environment: {self._variable}: "
            "expected the URL of an HTTP proxy such as http://proxy.example.com:3128"
        )


class Budget:
    """At most `limit` requests in any minute; more are delayed, in the order of their arrival.

    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._sleep = sleep
        self._spent: deque[float] = deque()
        self._turn = asyncio.Lock()

    async def spend(self) -> None:
        """Wait until one more request is within the limit, and count it."""
        async with self._turn:
            if len(self._spent) == self._limit:
                wait = self._spent[0] + WINDOW_SECONDS - self._clock()
                if wait > 0:
                    await self._sleep(wait)
                self._spent.popleft()
            self._spent.append(self._clock())
