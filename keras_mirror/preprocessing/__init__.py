"""Strings to features, and to two views of them."""
