"""Published import paths of `keras_mirror.integrations`, a few lines each."""
