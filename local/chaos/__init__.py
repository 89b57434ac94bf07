"""Restores that are broken wherever they can break; `python -m local chaos` starts them."""
