"""Folders of the transformers library, read."""
