"""ORDER OF WORK: state, deps, the moderation graph, the desk that runs it, wiring.

`wiring.py` alone names backends; nodes are thin.
"""
