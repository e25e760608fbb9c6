"""JUDGEMENTS: router, ranker, depth, reasoner, critic, severity, explainer, case questions.

Each judgement is a function over cases and rules. What it needs from a machine it states as a Protocol.
"""
