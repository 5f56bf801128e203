class OneReplica:
    """One device, or several that Keras makes look like one."""

    rank = 0

    @staticmethod
    def are_several():
        """Whether this kind of replicas is at work."""
        return True

    def own_rows(self, views):
        """The rows of two views that this replica is to embed."""
        return views

    def prepare(self, model):
        """Makes the replicas start alike, draw apart, and learn together."""

    def gather(self, rows):
        """The rows of all replicas, gradients only through its own.

        Args:
            rows: Tensor of shape `(num_own_rows, ...)`.

        Returns:
            A tensor of shape `(num_rows, ...)`, the same on every replica.
        """
        return rows

    def share(self, loss):
        """The part of a loss over all rows that this replica answers for."""
        return loss
