"""Locking other logins out: the logins, who is connected, what runs on an event."""
