"""RDS for Aurora, as strict as AWS documents it, with PostgreSQL behind each cluster."""
