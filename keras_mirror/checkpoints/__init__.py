"""Formats of other libraries, read."""
