"""The HTTP side: routes, the page as it leaves, who may ask, and the sockets."""

from exporter.web.access.guard import Guard
from exporter.web.access.settings import WebSettings
from exporter.web.app import create_app, create_probe_app
from exporter.web.listener.connection import Limits
from exporter.web.listener.server import Server

__all__ = ["Guard", "Limits", "Server", "WebSettings", "create_app", "create_probe_app"]
