"""Texts a second of `ForwardEncoder.encode_text`, which needs no framework."""

import encode_timing

import keras_mirror

arguments = encode_timing.parse_arguments(__doc__)
model = keras_mirror.MirrorModel.from_preset(
    arguments.weights, pooling_mode="mean"
)
encoder = keras_mirror.ForwardEncoder.of(model, arguments.precision)
encode_timing.run(arguments, encoder.encode_text)
