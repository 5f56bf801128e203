"""Turns any text backbone of keras-hub into an encoder of texts."""
