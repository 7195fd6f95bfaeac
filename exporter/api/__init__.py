"""The platform's certificates API, read only: how it is asked, and what its answers mean.

httpx stays in here. Nothing in this room knows of polls, metrics or judgements.
"""
