import json

import keras
import keras_hub
import pytest
from support.archives import change_config
from support.models import FAMILIES
from support.models import make_model
from support.models import save_preset
from support.texts import texts

import keras_mirror
from keras_mirror.archive.known_objects import check_objects
from keras_mirror.integrations.load_model import load_archive

OPENERS = {  # of files, while Keras builds them, in its safe mode too
    "PARSeqTokenizer": {"vocabulary": "secret"},
    "WhisperTokenizer": {
        "vocabulary": None,
        "merges": None,
        "special_tokens": "secret",
        "language_tokens": "secret",
    },
}


def opener(name):
    return {
        "module": "keras_hub.tokenizers",
        "class_name": name,
        "registered_name": f"keras_hub>{name}",
        "config": OPENERS[name],
    }


@keras.saving.register_keras_serializable(package="tests")
class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs


def own_encoder(model):
    """One of layers of Keras, of operations, and of a class of one's own."""
    outputs = model.encoder(model.encoder.input)
    outputs = keras.layers.Dense(3, activation="gelu")(outputs)
    outputs = Doubled()(keras.ops.tanh(outputs) + 1.0)
    return keras.Model(model.encoder.input, outputs)


# === What loads ===


@pytest.mark.parametrize("family", FAMILIES)
def test_models_of_all_families_are_known(family):
    model = make_model(family, recipe="sentence")
    check_objects(keras.saving.serialize_keras_object(model))


@pytest.mark.parametrize(
    "optimizer",
    [
        "adam",
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Lion(1e-3)),
        keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)),
    ],
    ids=["named", "nested", "scheduled"],
)
def test_optimizers_of_keras_are_known(optimizer, tmp_path):
    model = make_model()
    model.compile(optimizer)
    model.save(tmp_path / "encoder.keras")
    loaded = load_archive(tmp_path / "encoder.keras")
    assert type(loaded.optimizer) is type(model.optimizer)


def test_an_encoder_of_ones_own_is_known(tmp_path):
    model = make_model()
    own = keras_mirror.MirrorModel(own_encoder(model), model.preprocessor)
    own.save(tmp_path / "encoder.keras")
    loaded = load_archive(tmp_path / "encoder.keras")
    strings = texts(3)
    assert (loaded.encode_text(strings) == own.encode_text(strings)).all()


class LabeledTokenizer(keras_hub.tokenizers.BertTokenizer):
    """A class of one's own, whose configuration has a string more."""


@pytest.mark.parametrize("name", ["language", "vocabulary"])
def test_a_tokenizer_of_ones_own_is_known(name):
    part = {"class_name": "LabeledTokenizer", "config": {name: "en"}}
    with keras.saving.custom_object_scope(
        {"LabeledTokenizer": LabeledTokenizer}
    ):
        if name == "language":
            check_objects(part)
            return
        with pytest.raises(ValueError, match="must not name files"):
            check_objects(part)


def test_quantized_archives_are_known(tmp_path):
    model = make_model()
    model.quantize("int8")
    check_objects(keras.saving.serialize_keras_object(model))


@pytest.mark.parametrize("name", ["encoder", "encoder/layer_1", "a-b/.*"])
def test_names_of_layers_are_known(name):
    check_objects({"policy_map": {name: {}}, "exclude_layers": [name]})


# === What does not ===


def as_encoder(content, hostile):
    content["config"]["encoder"] = hostile


def as_tokenizer(content, hostile):
    content["config"]["preprocessor"]["config"]["tokenizer"] = hostile


def as_note(content, hostile):
    content["config"]["record"]["config"]["notes"] = [[hostile]]


def as_dtype(content, hostile):
    content["config"]["dtype"] = hostile


def as_optimizer(content, hostile):
    content["compile_config"] = {"optimizer": hostile}


@pytest.mark.parametrize("name", OPENERS)
@pytest.mark.parametrize(
    "put", [as_encoder, as_tokenizer, as_note, as_dtype, as_optimizer]
)
def test_no_file_is_opened(put, name, trained_archive, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("{}")

    def put_in(content):
        put(content, opener(name))

    path = change_config(trained_archive, "hostile.keras", put_in, whole=True)
    message = "must not name files|must consist of classes"
    for load in (load_archive, keras.saving.load_model):
        with pytest.raises(ValueError, match=message):
            load(path)


def test_another_model_at_the_top_is_not_built(trained_archive, tmp_path):
    def put_in(content):
        content.update(opener("WhisperTokenizer"))

    path = tmp_path / "hostile.keras"
    change_config(trained_archive, path, put_in, whole=True)
    with pytest.raises(ValueError, match="must hold a MirrorModel"):
        load_archive(path)


@pytest.mark.parametrize("name", ["../../planted.json", "/tmp/planted.json"])
@pytest.mark.parametrize("family", ["Bert", "Roberta", "XLMRoberta"])
def test_a_tokenizer_does_not_decide_where_it_is_saved(family, name):
    content = make_model(family).preprocessor.get_config()
    content["tokenizer"]["config"]["config_file"] = name
    with pytest.raises(ValueError, match=f"must not name files.*{name}"):
        keras_mirror.MirrorPreprocessor.from_config(content)


@pytest.mark.parametrize(
    "module, name",
    [
        ("keras.layers", "Lambda"),
        ("keras.layers", "TFSMLayer"),
        ("keras.layers", "StringLookup"),
        ("keras.utils", "get_file"),
        ("keras.saving", "load_model"),
        ("keras_hub.src.utils.preset_utils", "KerasPresetSaver"),
        ("os", "system"),
        (None, "__lambda__"),
        (None, "__typespec__"),
        (None, "keras_hub>upload_preset"),
        (3, "Dense"),
        ("keras.layers", ["Dense"]),
    ],
)
def test_other_objects_are_unknown(module, name):
    part = {"module": module, "class_name": name, "config": {}}
    with pytest.raises(ValueError, match="must consist of classes of keras-m"):
        check_objects({"encoder": [part]})


@pytest.mark.parametrize(
    "module, name", [("keras.saving", "load_model"), ("os", "system")]
)
def test_other_functions_are_unknown(module, name):
    part = {"module": module, "class_name": "function", "config": name}
    with pytest.raises(ValueError, match="must consist of classes of keras-m"):
        check_objects({"activation": part})


def metric(name, **config):
    return {"module": "keras.metrics", "class_name": name, "config": config}


def nested(depth):
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    "part, message",
    [
        (metric("AUC", num_thresholds=10**8), "of a metric must not hold num"),
        (metric("Recall", thresholds=[float("nan")]), "of a metric must not"),
        ({"policy_map": {"(a+)+b": {}}}, "must be given by their names"),
        ({"exclude_layers": [".*.*.*X"]}, "must be given by their names"),
        ({"exclude_layers": [3]}, "must be given by their names"),
        (nested(200), "must not be nested so deeply"),
    ],
)
def test_what_costs_more_than_its_size_is_not_built(part, message):
    with pytest.raises(ValueError, match=message):
        check_objects({"encoder": part})


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("name", OPENERS)
def test_preset_folders_are_looked_at_too(file, name, tmp_path):
    folder = save_preset(tmp_path / "preset")
    path = tmp_path / "preset" / file
    path.write_text(json.dumps(opener(name)))
    with pytest.raises(ValueError, match=f"{file}' cannot be loaded: "):
        keras_mirror.MirrorModel.from_preset(folder)


@pytest.mark.parametrize("name", ["../secret.weights.h5", "/secret.weights.h5"])
def test_preset_folders_name_no_weights_outside(name, tmp_path):
    folder = save_preset(tmp_path / "preset")
    index = {"metadata": {}, "weight_map": {"/layers/a": [name]}}
    (tmp_path / "preset" / "model.weights.h5").unlink()
    (tmp_path / "preset" / "model.weights.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match="must only name files inside it"):
        keras_mirror.MirrorModel.from_preset(folder)


def test_preset_folders_hold_the_weights_they_ask_for(tmp_path):
    folder = save_preset(tmp_path / "preset")
    path = tmp_path / "preset" / "config.json"
    content = json.loads(path.read_text())
    content["config"]["vocabulary_size"] = 10**8
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="must hold the weights of its backb"):
        keras_mirror.MirrorModel.from_preset(folder)
