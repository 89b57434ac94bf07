"""Real PostgreSQL behind the simulated clusters: volumes, servers, and TLS in front of them."""

from local.postgres.databases import Databases, VolumeError

__all__ = ["Databases", "VolumeError"]
