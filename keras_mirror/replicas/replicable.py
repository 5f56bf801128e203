from keras_mirror.replicas.active_replicas import active_replicas


class Replicable:
    """What several devices ask of a model's `fit` and `evaluate`.

    They must see the same batches, and so the first one of all: Keras would
    take it away, to build what is not. A mixin for a model that is built.
    """

    def fit(self, *args, **kwargs):
        with active_replicas().feeding():
            return super().fit(*args, **kwargs)

    def evaluate(self, *args, **kwargs):
        with active_replicas().feeding():
            return super().evaluate(*args, **kwargs)

    def _symbolic_build(self, *args, **kwargs):
        # Keras 3.15 looks at a batch because the preprocessor is not "built":
        # the epoch's other batches, already under way, come into the next.
        pass

    def _maybe_symbolic_build(self, *args, **kwargs):
        # On TensorFlow, and under a strategy, it also averages that batch over
        # replicas, which fails where they have not as many rows.
        pass
