"""The HTTP API under /v1, for programs: one router per noun. JSON in, JSON out.

Decides nothing; the acts are those of work/.
"""
