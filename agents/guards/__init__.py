"""Guard models that rank: each is asked in its own format, and its labels are mapped to our rules.

Pure: prompts are built and answers read here, by files named after the families; clients come from outside.
"""
