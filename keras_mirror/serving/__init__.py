"""A model behind HTTP: embeddings as OpenAI serves them, and search."""
