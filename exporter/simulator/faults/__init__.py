"""What goes wrong on demand: which faults are active, which request meets one, and what comes then.

Everything here is data: how it is sent, and what an envelope looks like, is for `http`. Nothing
about certificates may enter: a fault spoils an answer whatever is in it.
"""
