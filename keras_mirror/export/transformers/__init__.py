"""The files of a folder of the transformers library, written."""
