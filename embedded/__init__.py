"""The whole platform on one machine: `python -m embedded …`."""
