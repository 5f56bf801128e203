# PyTorch first: after TensorFlow its import crashes on some machines.
from support.quick_graphs import use_quick_graphs  # isort: skip

import keras
import pytest
from support import models
from support import texts

from keras_mirror import startup
from keras_mirror.cli import run

use_quick_graphs()


@pytest.fixture(autouse=True)
def seed(monkeypatch):
    # pytest-xdist sets it: what commands print would end at an edge.
    monkeypatch.delenv("COLUMNS", raising=False)
    keras.config.disable_traceback_filtering()
    keras.utils.set_random_seed(0)


# === To read, not to change: one for all tests of a worker ===


@pytest.fixture(scope="session")
def model():
    """A model on the paper's recipe, not trained."""
    return models.make_model()


@pytest.fixture(scope="session")
def archive(model, tmp_path_factory):
    """The path of `model`'s archive."""
    path = tmp_path_factory.mktemp("model") / "encoder.keras"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def trained_model():
    """A model with all that training can add, after two steps."""
    model = models.make_model(recipe="sentence", batch_size=10, drophead=0.5)
    model.compile()
    model.fit(texts.texts(20), epochs=1, verbose=0)
    return model


@pytest.fixture(scope="session")
def trained_archive(trained_model, tmp_path_factory):
    """The path of `trained_model`'s archive."""
    path = tmp_path_factory.mktemp("trained") / "encoder.keras"
    trained_model.save(path)
    return path


@pytest.fixture(scope="session")
def preset(tmp_path_factory):
    """The path of a keras-hub preset folder."""
    return models.save_preset(tmp_path_factory.mktemp("tiny") / "preset")


@pytest.fixture(
    params=[
        pytest.param(
            "tf.data",
            marks=pytest.mark.skipif(
                keras.backend.backend() != "tensorflow",
                reason="tf.data is TensorFlow's",
            ),
        ),
        "numpy",
    ]
)
def kind(request, monkeypatch):
    """Both datasets: the NumPy one is taken where TensorFlow is missing."""
    if request.param == "numpy":
        monkeypatch.setattr("keras_mirror.data.mirror_dataset.tf", None)
    return request.param


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command in this process; gives exit code, output, errors."""
    monkeypatch.setattr(startup, "_silence", lambda: None)

    def call(*arguments):
        with pytest.raises(SystemExit) as exit_info:
            run([str(argument) for argument in arguments])
        return (exit_info.value.code, *capsys.readouterr())

    return call
