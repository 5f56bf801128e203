"""Optional TensorFlow: `tf` is `None` if it is not installed.

So is `tf_text`, TensorFlow Text, which Windows does not have.

A file of its own, because importing it takes the seconds of TensorFlow.
"""

try:
    import tensorflow as tf
except ImportError:
    tf = None

try:
    import tensorflow_text as tf_text
except ImportError:
    tf_text = None


def is_tensor(value) -> bool:
    """Whether `value` is a tensor of TensorFlow."""
    return tf is not None and tf.is_tensor(value)


def has_gpu() -> bool:
    """Whether TensorFlow, which must be installed, sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))
