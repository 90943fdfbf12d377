"""Athena for tests: its SQL, the published tables with their views, and the examples of a page."""
