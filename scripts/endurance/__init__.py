"""A server under fire: load, trouble, and what became of every request (`scripts/soak`)."""
