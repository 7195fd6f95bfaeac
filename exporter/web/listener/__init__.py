"""Sockets, connections and TLS, with a bound on everything that a client may hold up."""
