"""The deployment settings: their fields, and how they are read."""
