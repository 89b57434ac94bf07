"""What the master user works with: its sessions, their settings, its powers, its notes on roles."""
