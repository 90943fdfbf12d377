"""Commands for operators: status, logs, smoke test, reconcile and erasure."""
