"""WHAT PEOPLE SEE OF THE CLI: one file per family of commands, how results are painted, and what errors say.

Decides nothing and keeps nothing; heavy libraries are imported inside the commands.
"""
