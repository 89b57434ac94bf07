"""What the stacks are made of, one module per kind of resource."""
