import threading

import keras
import pytest
from support.archives import change_config
from support.models import make_model
from support.models import save_preset

import keras_mirror
from keras_mirror.archive.weight_budget import weight_budget
from keras_mirror.files import read_json
from keras_mirror.files import write_json
from keras_mirror.integrations.load_model import as_model
from keras_mirror.integrations.load_model import load_archive

REFUSED = "asks for many more weights than there are"


@pytest.fixture(scope="module")
def own_archive(tmp_path_factory):
    """The archive of an encoder that ends in a layer of Keras."""
    model = make_model()
    outputs = keras.layers.Dense(3)(model.encoder(model.encoder.input))
    encoder = keras.Model(model.encoder.input, outputs)
    path = tmp_path_factory.mktemp("own") / "encoder.keras"
    keras_mirror.MirrorModel(encoder, model.preprocessor).save(path)
    return path


def dense_of(config):
    layers = config["encoder"]["config"]["layers"]
    [dense] = [layer for layer in layers if layer["class_name"] == "Dense"]
    return dense


def wide(config):
    dense_of(config)["config"]["units"] = 10**7


def built_wide(config):
    dense_of(config)["build_config"] = {"input_shape": [None, 10**7]}


def adapted(config):
    dense_of(config)["config"]["lora_rank"] = 10**7


@pytest.mark.parametrize("load", [load_archive, as_model])
@pytest.mark.parametrize("change", [wide, built_wide, adapted])
def test_layers_of_ones_own_ask_for_no_more_than_there_is(
    own_archive, tmp_path, load, change
):
    path = change_config(own_archive, tmp_path / "hostile.keras", change)
    with pytest.raises(ValueError, match=f"hostile.keras.* {REFUSED}"):
        load(path)


def deep(config):
    sizes = dict(num_layers=1000, hidden_dim=2, num_heads=1, intermediate_dim=2)
    config.update(sizes)


def test_an_archive_holds_all_its_layers(own_archive, tmp_path):
    def change(config):
        encoder = config["encoder"]["config"]["layers"][-2]
        deep(encoder["config"]["backbone"]["config"])

    path = change_config(own_archive, tmp_path / "hostile.keras", change)
    with pytest.raises(ValueError, match=REFUSED):
        load_archive(path)


def test_a_preset_folder_holds_all_its_layers(tmp_path):
    folder = save_preset(tmp_path / "preset")
    content = read_json(tmp_path / "preset" / "config.json")
    deep(content["config"])
    write_json(tmp_path / "preset" / "config.json", content)
    with pytest.raises(ValueError, match=REFUSED):
        keras_mirror.MirrorModel.from_preset(folder)


def test_other_threads_are_not_counted():
    made = []

    def make():
        made.append(keras.Variable("zeros", shape=(2**21,)))

    with weight_budget(num_weights=0, num_arrays=0):
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match=REFUSED):
            make()
    make()
    assert len(made) == 2
    assert "__init__" not in vars(keras.Variable)
