"""What an index keeps: documents in SQLite, vectors beside, their signs."""

# How an index can be searched.
MODES = ("hybrid", "vector", "keyword")
