"""Texts a second of `MirrorModel.encode_text`."""

import encode_timing

import keras_mirror

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

arguments = encode_timing.parse_arguments(__doc__)
model = keras_mirror.MirrorModel.from_preset(
    arguments.weights, pooling_mode="mean", dtype=POLICIES[arguments.precision]
)
encode_timing.run(arguments, model.encode_text)
