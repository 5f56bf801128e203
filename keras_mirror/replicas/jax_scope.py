import os

import keras

from keras_mirror.replicas.enough_devices import check_enough


def jax_scope(number):
    """A context to make and train a model on several devices of JAX.

    Args:
        number: Integer. So many GPUs; without any, the CPU counts as so many
            devices, if JAX has not looked for its devices yet.

    Returns:
        A context manager.

    Raises:
        ValueError: There are fewer devices.
    """
    flag = f"--xla_force_host_platform_device_count={number}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}"
    devices = keras.distribution.list_devices()
    check_enough(len(devices), number, "devices of JAX")
    devices = devices[:number]
    return keras.distribution.DataParallel(devices=devices).scope()
