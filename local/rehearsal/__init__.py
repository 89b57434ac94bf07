"""What demo and tests restore: production, the scene around it, and proof of what came out."""
