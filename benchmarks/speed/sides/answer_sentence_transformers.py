"""Answers as a script with sentence-transformers does."""

import sys

import answering
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(sys.argv[2], device="cpu")
answering.main(
    lambda texts: model.encode(list(texts), normalize_embeddings=True)
)
