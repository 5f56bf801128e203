"""Texts a second of `SentenceTransformer.encode`, at its default batch size."""

import encode_timing
from sentence_transformers import SentenceTransformer
from sentence_transformers import models

arguments = encode_timing.parse_arguments(__doc__)
transformer = models.Transformer(arguments.weights, max_seq_length=50)
pooling = models.Pooling(transformer.get_embedding_dimension(), "mean")
model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
encode_timing.run(arguments, model.encode)
