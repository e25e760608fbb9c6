"""OFFLINE PROOF: pack tests, the impact of a policy change, metrics, benchmarks.

Everything here runs the system that decides cases; nothing here decides differently.
"""
