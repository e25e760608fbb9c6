"""HTTP API and console for moderators, appeals teams and policy authors.

Empty in this release: the command line is the whole door.
"""
