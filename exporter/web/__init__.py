"""The HTTP side: sockets below, who may ask above them, formats, pages and routes on top.

What is asked for is rendered already: no poll and no request to the API may enter.
"""

from exporter.web.access.guard import Guard
from exporter.web.access.settings import WebSettings
from exporter.web.app import create_app, create_probe_app
from exporter.web.listener.connection import Limits
from exporter.web.listener.server import Server

__all__ = ["Guard", "Limits", "Server", "WebSettings", "create_app", "create_probe_app"]
