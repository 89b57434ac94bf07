"""What the templates give to users: in short transactions, whose number depends on no table."""
