"""The .keras archive of a model, its record of training, its model card."""
