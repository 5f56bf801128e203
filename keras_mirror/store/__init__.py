"""What an index keeps: documents in SQLite, vectors beside, a graph."""

# How an index can be searched.
MODES = ("hybrid", "vector", "keyword")
