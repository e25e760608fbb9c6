"""HOW MODELS ARE MADE: the data pipeline, the embedded encoder, its export and its calibration.

Needs the `train` extra. Nothing that ships imports it.
"""
