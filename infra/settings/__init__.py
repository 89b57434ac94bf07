"""What a deployment decides: its settings, how they are read, and what can be wrong."""
