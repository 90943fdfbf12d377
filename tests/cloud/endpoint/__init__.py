"""A local AWS endpoint: ministack, with patches for the features that this platform needs.

It runs in its own environment (requirements/cloud.txt), started by ``tests.cloud.local_aws``. The
handlers of ministack look up module globals at each call, so a patch is an assignment.
"""
