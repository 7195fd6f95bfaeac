"""Snapshots as the bytes that are served.

Nothing in this room asks the API or a client; what is said of a certificate was decided before.
"""
