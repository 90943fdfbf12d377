"""Capture by log: the versions between two batches, from PostgreSQL's log.

The comparison with the mirror stays the truth about the state; the log adds the versions before
it, their order and their times. A doubt about the log is a gap, never a guess.
"""
