"""WHAT THE RULES ARE: packs and rules, loading, linting, versions, diffs, the Chroma rule index.

Knows nothing of cases, models or graphs.
"""
