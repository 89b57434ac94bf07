"""The two stacks: the pipeline, and what a source account needs."""
