"""The HTTP side: routes, the page as it leaves, who may ask, and the sockets."""

from exporter.web.app import create_app, create_probe_app
from exporter.web.guard import Guard
from exporter.web.protocol import Limits
from exporter.web.server import Server
from exporter.web.settings import WebSettings

__all__ = ["Guard", "Limits", "Server", "WebSettings", "create_app", "create_probe_app"]
