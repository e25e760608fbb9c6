"""WHAT TOUCHES MACHINES: the encoder, the ledger, caches, checkpoints, weights.

Makes no judgements; agents state what they need as Protocols and tools fit them.
"""
