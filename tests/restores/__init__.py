"""Whole restores; a package, so that its stages go when its tests are done (`conftest.py`)."""
