"""Step Functions: executions of the deployed state machine."""
