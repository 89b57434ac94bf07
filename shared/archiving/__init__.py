"""What is kept when a restore has ended, and the sweep of what is not."""
