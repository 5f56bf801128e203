"""The storage of an index: documents in SQLite, vectors, sign codes."""

# The modes of searching an index.
MODES = ("hybrid", "vector", "keyword")
