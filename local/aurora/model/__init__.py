"""What a region holds, and how long work on it takes."""
