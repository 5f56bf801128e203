"""Writes encoders as static token vectors, for NumPy alone and model2vec."""
