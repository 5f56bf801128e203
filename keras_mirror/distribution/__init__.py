"""Makes several devices or processes train as one.

The other strings of a batch are the negatives, so devices must see each other's
embeddings: otherwise ten devices train like one on a small batch. All code for
this that depends on the backend is in this folder.
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
