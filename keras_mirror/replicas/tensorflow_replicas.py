import sys

from keras_mirror.replicas.one_replica import OneReplica
from keras_mirror.replicas.seeds import draw_apart


class TensorFlowReplicas(OneReplica):
    """The replicas of a `tf.distribute` strategy.

    The strategy splits batches and adds gradients up.
    """

    def __init__(self):
        self._context = _replica_context()

    @staticmethod
    def are_several():
        context = _replica_context()
        return context is not None and context.num_replicas_in_sync > 1

    @property
    def rank(self):
        return self._context.replica_id_in_sync_group

    def prepare(self, model):
        draw_apart(model, self.rank)

    def gather(self, rows):
        # Its gradient is the sum of all replicas' for these rows.
        return self._context.all_gather(rows, axis=0)

    def share(self, loss):
        return loss / self._context.num_replicas_in_sync


def _replica_context():
    # Without TensorFlow's import there is no strategy of it.
    return sys.modules["tensorflow"].distribute.get_replica_context()
