"""What the mock knows of casavi: synchronous, deterministic, standard library only.

Time and randomness are given to it.
"""
