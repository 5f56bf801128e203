"""The model card: a record in words."""
