"""What people read: the report, and the texts made from it."""
