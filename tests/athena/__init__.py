"""Athena for tests: its SQL, a catalog of what is registered, and the examples of its page."""
