"""What each function may do, and why nothing narrower would do."""
