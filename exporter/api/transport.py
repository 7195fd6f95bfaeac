"""How the metros' APIs are reached: connections, TLS, proxies, the budget of requests."""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from exporter import __version__
from exporter.config import Authorities, Configuration, Metro
from exporter.config.addresses import is_loopback
from exporter.errors import ConfigurationError

WINDOW_SECONDS: Final = 60.0

_CONNECTIONS: Final = 8


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
                    httpx.create_ssl_context()
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


def connections(
    metro: Metro, configuration: Configuration, tls: ssl.SSLContext
) -> httpx.AsyncClient:
    """A pool of connections for one metro alone, so that a metro that hangs delays no other.

    The proxy is that of the configuration, else of the environment; none for a loopback address.
    Raises `ConfigurationError` where the environment names a proxy that cannot be one, or httpx
    refuses the metro's host.
    """
    direct = is_loopback(metro.base_url)
    for url in filter(None, (metro.base_url, configuration.proxy_url)):
        try:
            _ = httpx.URL(url).host  # an internationalised name is decoded here
        except (ValueError, httpx.InvalidURL) as exc:
            raise ConfigurationError(f"{url}: expected the URL of a host that can be") from exc
    try:
        return httpx.AsyncClient(
            base_url=metro.base_url,
            verify=tls,
            # Shorter than the whole request may take: httpx closes a socket whose handshake times
            # out by its own clock, and leaves it open where it is cancelled from outside.
            timeout=httpx.Timeout(configuration.timeout, connect=configuration.timeout / 2),
            headers={"User-Agent": f"ukc-certificate-exporter/{__version__}"},
            # Kept beyond an interval: most polls then need no new connection.
            limits=httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=1,
                keepalive_expiry=2 * configuration.interval,
            ),
            follow_redirects=False,  # the token stays with the host that it is meant for
            proxy=None if direct else configuration.proxy_url,
            trust_env=not direct and configuration.proxy_url is None,
        )
    except (ValueError, ImportError, httpx.InvalidURL) as exc:
        # What the library says may repeat the proxy's password.
        raise ConfigurationError(
            "environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or NO_PROXY: "
            "expected URLs such as http://proxy.example.com:3128"
        ) from exc


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
