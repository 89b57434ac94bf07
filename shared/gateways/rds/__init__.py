"""RDS: clusters, snapshots and exports, as frozen types."""
