"""Texts a second of `MirrorModel.encode_text`."""

import encode_timing

import keras_mirror

arguments = encode_timing.parse_arguments(__doc__)
model = keras_mirror.MirrorModel.from_preset(
    arguments.weights, pooling_mode="mean", dtype=arguments.dtype_policy
)
encode_timing.run(arguments, model.encode_text)
