"""Attacks on the exporter's own port, each with what a scraper notices of it.

`python -m tests.faults.inbound` runs them in full and prints a table; `test_inbound.py` runs each
of them in a bounded form.
"""
