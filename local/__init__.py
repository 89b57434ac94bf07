"""A cloud on this machine: enough of AWS to run the deployed pipeline, and strict about it."""
