"""The demo: changes that the source makes, and how each is found in the warehouse."""
