"""Turns strings into features, or into two views."""
