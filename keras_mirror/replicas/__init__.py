"""Several devices or processes train as one: the place where they meet.

The other strings of a batch are the negatives, so that devices must see each
other's embeddings, or ten of them train like one small batch. What the
backends need for that is in here and nowhere else.
"""

from keras_mirror.replicas.active_replicas import active_replicas
from keras_mirror.replicas.all_rows import all_rows
from keras_mirror.replicas.replicable import Replicable

__all__ = ["Replicable", "active_replicas", "all_rows"]
