import sys

from keras import ops

from keras_mirror.replicas.one_replica import OneReplica
from keras_mirror.replicas.seeds import draw_apart
from keras_mirror.replicas.view_pairs import paired_views
from keras_mirror.replicas.view_pairs import stacked_views


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

    def gather(self, tensors):
        # Its gradient is the sum of all replicas' for these rows.
        gather = self._context.all_gather
        return [
            stacked_views(gather(paired_views(tensor), axis=0))
            for tensor in tensors
        ]

    def add_up(self, values):
        return self._context.all_reduce("SUM", values)

    def share(self, loss):
        return loss / self._context.num_replicas_in_sync

    def logs(self, logs):
        # Keras averages over replicas. What they log is the same but for one
        # that got no rows of a small batch, and so the first one's counts.
        is_first = ops.cast(self.rank == 0, "float32")
        logs = {name: value * is_first for name, value in logs.items()}
        logs = self._context.all_reduce("SUM", logs)
        strategy = self._context.strategy
        if strategy.num_replicas_in_sync > len(
            strategy.extended.worker_devices
        ):
            # Those of several machines it averages over an axis 0 (3.15).
            logs = {name: value[None] for name, value in logs.items()}
        return logs


def _replica_context():
    # Without TensorFlow's import there is no strategy of it.
    return sys.modules["tensorflow"].distribute.get_replica_context()
