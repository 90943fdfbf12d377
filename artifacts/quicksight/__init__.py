"""The definitions that Terraform's QuickSight modules read: data sets, queries and the dashboard.

``python -m artifacts`` writes them to ``build/quicksight``. Column types are those that PostgreSQL
reports for the answers, so a temporary server runs beside ``python -m artifacts.quicksight``.
"""
