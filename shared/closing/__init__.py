"""The end of a restore that failed or was abandoned."""
