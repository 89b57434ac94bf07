"""The picture of the flow, drawn from the state machine's definition."""
