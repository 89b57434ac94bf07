"""Before anything is made: which snapshot, which findings, and what a plan shows."""
