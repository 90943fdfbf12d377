"""Stands for the script, whose content a plan does not read."""
