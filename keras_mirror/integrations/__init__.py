"""Models behind the interfaces of other libraries, and loading of models."""
