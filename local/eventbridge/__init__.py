"""EventBridge: rules, schedules and their deliveries."""
