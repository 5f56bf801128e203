# PyTorch first: after TensorFlow its import crashes on some machines.
import torch  # isort: skip

import keras
import pytest

from keras_mirror import startup
from keras_mirror.cli import run

# Models this small only wait for their threads: ten times slower on a busy
# machine of two cores.
torch.set_num_threads(1)


def pytest_addoption(parser):
    parser.addoption(
        "--runslow", action="store_true", help="run the slow tests too"
    )


def pytest_collection_modifyitems(config, items):
    if config.getoption("--runslow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="needs --runslow"))


@pytest.fixture(autouse=True)
def seed():
    keras.config.disable_traceback_filtering()
    keras.utils.set_random_seed(0)


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command in this process; gives exit code, output, errors."""
    monkeypatch.setattr(startup, "_silence", lambda: None)

    def call(*arguments):
        with pytest.raises(SystemExit) as exit_info:
            run([str(argument) for argument in arguments])
        return (exit_info.value.code, *capsys.readouterr())

    return call
