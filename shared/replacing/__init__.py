"""Putting the restored cluster in the place of another one: guard rails and cut-over."""
