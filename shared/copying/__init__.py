"""The route of a snapshot to where it is restored."""
