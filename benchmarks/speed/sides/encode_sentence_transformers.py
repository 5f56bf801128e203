"""Texts a second of `SentenceTransformer.encode`, at its default batch size."""

import encode_timing
from exported_graph import sequence_length
from sentence_transformers import SentenceTransformer
from sentence_transformers import models

arguments = encode_timing.parse_arguments(__doc__)
transformer = models.Transformer(
    arguments.weights, max_seq_length=sequence_length(arguments.weights)
)
pooling = models.Pooling(transformer.get_embedding_dimension(), "mean")
model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
encode_timing.run(arguments, model.encode)
