"""The simulated platform: its clock, and certificates with the services that use them.

It says what is true at any moment, and what may be done; what it refuses, it refuses with an
exception of its own. Requests, answers and status codes may not enter. Of the faults it knows the
description alone, since a scenario lists those that are active from its first moment.
"""
