"""`python -m embedded demo` and `up`: the platform with the simulated source of the project."""
