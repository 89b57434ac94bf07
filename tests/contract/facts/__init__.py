"""The facts, a module per subject. To add one, declare it in the module of its subject."""

from datetime import date

FIRST = date(2026, 11, 23)
"""The day since which the simulator has been strict about most things."""
