"""What was done to a model, told by its archive."""
