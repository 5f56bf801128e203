"""Encoders that only encode, run by OpenVINO, without Keras on import."""

from keras_mirror.forward.forward_encoder import (
    ForwardEncoder as ForwardEncoder,
)
from keras_mirror.forward.load_forward import load_forward as load_forward
