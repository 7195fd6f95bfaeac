"""The simulated API on the wire: requests understood, answers written, sockets served.

A request comes in through `server` and `asgi`, is told apart by `endpoints`, read by `query` and
`bodies`, answered by `api` (or `control`) and leaves as `answers` and `items` write it. What is
true, and what may be done, is the world's: nothing is kept here between two requests.
"""
