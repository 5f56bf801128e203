"""Settings for programs that run a few steps of tiny models.

`JAX_DISABLE_MOST_OPTIMIZATIONS` does the same on JAX: see conftest.py.
"""

import torch  # before TensorFlow, whose import crashes it on some machines

try:
    import tensorflow as tf
except ImportError:
    tf = None


def use_quick_graphs():
    """One thread a program, and graphs that are run as they were traced."""
    # Models this small only wait for their threads: ten times slower on a
    # busy machine of two cores.
    torch.set_num_threads(1)
    if tf is not None:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        # To improve a graph that runs a few times is a third of a `fit`.
        tf.config.optimizer.set_experimental_options(
            {"disable_meta_optimizer": True}
        )
