"""A frozen encoder that says which strings of a corpus mean the same."""

from keras_mirror.guide.guide import Guide as Guide
