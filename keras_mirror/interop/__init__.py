"""The published name of `keras_mirror.integrations`."""
