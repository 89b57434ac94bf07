"""What RDS answers about Aurora's clusters, instances and snapshots."""
