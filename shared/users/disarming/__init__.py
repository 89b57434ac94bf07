"""What a snapshot brings along that acts by itself, or links it to other systems: disarmed."""
