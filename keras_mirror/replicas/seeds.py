from keras import ops


def draw_apart(model, rank):
    """Moves the random state of a replica away from the others'.

    Replicas start with the same state, and would drop the same units of their
    first rows, of their second rows, and so on.

    Args:
        model: A `keras.Model`.
        rank: Integer or integer tensor, the number of the replica. The first
            one, 0, draws what one device would.
    """
    weights = {variable.path for variable in model.weights}
    for variable in model.non_trainable_variables:
        if variable.path not in weights:  # the state of a seed generator
            offset = ops.cast(ops.stack([rank, 0]), variable.dtype)
            variable.assign(variable.value + offset)
