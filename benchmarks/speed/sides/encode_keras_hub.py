"""Texts a second of keras-hub's `BertTextEmbedder.encode_text`, as it comes.

At most 128 tokens, where its default is 256: the small model has no more
positions.
"""

import encode_timing
import keras_hub

import keras_mirror

arguments = encode_timing.parse_arguments(__doc__)
# keras-hub itself cannot read a folder without a pooler.
parts = keras_mirror.MirrorModel.from_preset(arguments.weights)
models = keras_hub.models
preprocessor = models.BertTextEmbedderPreprocessor(
    parts.preprocessor.tokenizer, sequence_length=128
)
model = models.BertTextEmbedder(
    backbone=parts.encoder.backbone, preprocessor=preprocessor
)
encode_timing.run(arguments, model.encode_text)
