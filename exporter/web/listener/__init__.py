"""Sockets, connections and TLS, each with bounds on what one client can hold up.

The lowest floor of `exporter.web`: no request, no user and no file format may enter.
"""
