"""A frozen encoder that decides which strings of a corpus mean the same."""

from keras_mirror.guide.guide import Guide as Guide
