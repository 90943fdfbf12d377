"""`python -m embedded demo`: run the project's scenario and show each change arrive."""
