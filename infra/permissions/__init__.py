"""What each step may do in AWS, and why nothing narrower would do."""
