"""The demo: a scenario of changes in the source, and the history of the order that it follows."""
