"""What the pipeline's stack consists of: tables, functions, workflow, network, topic."""
