"""Attacks by an API, each with what its neighbour, memory and descriptors notice of it.

`python -m tests.faults.outbound` runs them in full and prints a table; `test_outbound.py` runs each
of them in a bounded form.
"""
