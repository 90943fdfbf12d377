"""What Terraform's QuickSight modules read: business questions as data sets, and their dashboard.

``python -m artifacts.quicksight DSN`` writes it anew after a change of the questions; the DSN is
that of a warehouse of this version, which is asked what types the answers have.
"""
