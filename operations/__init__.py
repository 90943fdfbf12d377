"""Commands for operators: preflight, health, status, logs, quarantine, smoke, reconcile, erase."""
