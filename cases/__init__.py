"""WHAT A CASE IS: case, part, observation, finding, decision.

Pure frozen types and pure text functions. Imports nothing else of ours.
"""
