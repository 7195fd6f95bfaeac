"""The HTTP side: routes, and the page as it leaves."""

from exporter.web.app import create_app

__all__ = ["create_app"]
