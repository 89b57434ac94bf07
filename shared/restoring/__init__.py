"""Bringing a restored cluster to what was asked: cluster, instances, master password."""
