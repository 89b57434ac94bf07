"""What PostgreSQL and the other services answer."""
