"""Locking production out: its logins, its sessions, and the event triggers that it left."""
