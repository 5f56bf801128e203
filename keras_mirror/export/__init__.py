"""Formats of other libraries, written."""
