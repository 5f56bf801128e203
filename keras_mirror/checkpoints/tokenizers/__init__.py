"""Turns files of the tokenizers library into tokenizers of this package."""
