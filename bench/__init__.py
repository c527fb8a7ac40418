"""How fast the portal is, next to the least that its work can cost; `make bench` runs it.

Nothing here is timed against a fixed number of seconds: a build is held against a floor, and a request
against nginx, in one run on one machine.
"""
