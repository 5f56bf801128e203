"""Folders of sentence-transformers, in and out."""
