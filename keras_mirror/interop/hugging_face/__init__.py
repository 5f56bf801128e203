"""Folders of the transformers library, in and out."""
