"""What `python -m local` offers."""
