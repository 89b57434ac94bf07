"""What the steps share: the domain, the gateways, and the step runner."""
