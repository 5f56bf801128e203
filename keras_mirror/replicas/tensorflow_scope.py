import sys

from keras_mirror.replicas.enough_devices import check_enough


def tensorflow_scope(number):
    """A context to make and train a model on several devices of TensorFlow.

    Args:
        number: Integer. So many GPUs; without any, the CPU counts as so many
            devices, if TensorFlow has not computed anything yet.

    Returns:
        A context manager.

    Raises:
        ValueError: There are GPUs, but fewer.
    """
    tensorflow = sys.modules["tensorflow"]
    config = tensorflow.config
    gpus = config.list_physical_devices("GPU")
    if gpus:
        check_enough(len(gpus), number, "GPUs")
    else:
        parts = [config.LogicalDeviceConfiguration()] * number
        cpu = config.list_physical_devices("CPU")[0]
        config.set_logical_device_configuration(cpu, parts)
    kind = "GPU" if gpus else "CPU"
    names = [f"{kind}:{index}" for index in range(number)]
    return tensorflow.distribute.MirroredStrategy(names).scope()
