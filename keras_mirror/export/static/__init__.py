"""Encoders written as vectors of tokens, for NumPy alone and model2vec."""
