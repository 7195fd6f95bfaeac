"""Prometheus exporter for the TLS certificates of Unikraft Cloud custom domains."""

__version__ = "0.1.0"
