"""A local AWS endpoint: ministack, and what it lacks for this platform to be applied and run.

It runs in an environment of its own (requirements/cloud.txt), started by ``tests.cloud.local_aws``.
ministack's handlers look up module globals at each call, so that a patch is an assignment.
"""
