from keras_mirror.distribution import replica
from keras_mirror.distribution import tensorflow


def set_free_memory(monkeypatch, num_bytes):
    """The machine has so many bytes, and the framework keeps none."""
    monkeypatch.setattr(replica, "free_memory", lambda: num_bytes)
    monkeypatch.setattr(tensorflow, "kept_on_cpus", lambda: 0)
