"""What an index keeps: documents in SQLite, vectors beside, a graph."""
