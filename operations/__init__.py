"""Commands for operators: health, status, logs, quarantine, smoke test, reconcile and erasure."""
