"""Formats of inference runtimes, out."""
