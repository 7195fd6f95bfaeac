"""The simulated API on the wire: requests understood, answers written, sockets served."""
