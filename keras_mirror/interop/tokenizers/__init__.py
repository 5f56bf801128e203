"""Tokenizers of the tokenizers library, made keras-hub's."""
