"""`python -m embedded demo`."""
