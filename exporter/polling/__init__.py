"""When each metro is looked at, and the newest complete look at it.

Nothing in this room speaks HTTP or knows how a metric is written.
"""
