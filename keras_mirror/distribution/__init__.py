"""Several devices or processes train as one: the place where they meet.

The other strings of a batch are the negatives. So devices must see each
other's embeddings: otherwise ten of them train like one on a small batch. What
the backends need for that is in here and nowhere else.
"""

from keras_mirror.distribution.active import active_replicas
from keras_mirror.distribution.active import gather_views
from keras_mirror.distribution.active import map_one_by_one
from keras_mirror.distribution.active import random_state
from keras_mirror.distribution.active import set_random_state
from keras_mirror.distribution.active import training_devices
from keras_mirror.distribution.replica import seed_variables

__all__ = [
    "active_replicas",
    "gather_views",
    "map_one_by_one",
    "random_state",
    "seed_variables",
    "set_random_state",
    "training_devices",
]
