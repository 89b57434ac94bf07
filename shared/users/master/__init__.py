"""The master user's sessions: how it connects, what it pins, which roles it acts as."""
