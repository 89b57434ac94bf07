"""What may be asked for: the fields of a request, and which of them contradict each other."""
