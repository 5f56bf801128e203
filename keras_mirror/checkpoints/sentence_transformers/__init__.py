"""Folders of the sentence-transformers library, read."""
