"""The stacks: which constructs a deployment has, and how they find each other."""
