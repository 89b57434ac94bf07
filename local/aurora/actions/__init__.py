"""What each RDS action does to a region."""
