import json
import warnings

import keras
import keras_hub
import numpy as np
import pytest
from support import models as tiny_models
from support import texts as corpora

import keras_mirror
from keras_mirror import MirrorModel
from keras_mirror.checkpoints.mirror_files import COUNTS_FILE
from keras_mirror.checkpoints.mirror_files import MIRROR_FILE
from keras_mirror.encoder.mirror_text_embedder import MirrorTextEmbedder
from keras_mirror.unit_rows import unit_rows

TEXTS = ["a man is playing", "two dogs", "", "café ", "a cat sleeps. " * 9]
PLAIN = {"pooled_layers": "last", "frequency_smoothing": None}
MODELS = {
    "Bert": "paper_sentence",
    "XLMRoberta": "paper_sentence",
    "Roberta": "paper_sentence",
    "DistilBert": "sentence",
    "Albert": "sentence",
}


def vectors(model):
    return model.encode_text(TEXTS)


def unit_vectors(model):
    return unit_rows(vectors(model))


def counted(model):
    """As after training: without, all token weights are 1."""
    if model.encoder.token_weights is not None:
        counts = model.encoder.token_weights.counts
        counts.assign(np.arange(counts.shape[0])[::-1])
    return model


def save(model, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.save_to_preset(folder)
    return folder


@pytest.mark.parametrize(
    "family, mode", [("Bert", "mean"), ("Bert", "max"), ("XLMRoberta", "cls")]
)
def test_text_embedder_is_the_class_of_keras_hub(family, mode):
    model = tiny_models.make_model(family, pooling_mode=mode)
    embedder = model.to_text_embedder()
    assert type(embedder).__module__.startswith("keras_hub.")
    assert embedder.pooling_mode == mode
    np.testing.assert_allclose(
        embedder.encode_text(TEXTS), unit_vectors(model), atol=1e-5
    )


@pytest.mark.parametrize(
    "family, normalize",
    [
        *((family, False) for family in MODELS),
        ("Bert", True),
        ("Roberta", True),
    ],
)
def test_text_embedder_has_the_vectors_of_the_model(family, normalize):
    model = counted(tiny_models.make_model(family, MODELS[family]))
    embedder = model.to_text_embedder(normalize=normalize)
    expected = unit_vectors(model) if normalize else vectors(model)
    actual = embedder.encode_text(TEXTS)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    single = embedder.encode_text(TEXTS[0])
    np.testing.assert_allclose(single[0], expected[0], atol=1e-5)


def test_text_embedder_shares_the_weights():
    model = tiny_models.make_model(recipe="sentence")
    embedder = model.to_text_embedder()
    before = embedder.encode_text(TEXTS)
    weight = model.encoder.backbone.token_embedding.embeddings
    weight.assign(weight + np.linspace(0, 9, 8))
    assert np.abs(embedder.encode_text(TEXTS) - before).max() > 0.01


@pytest.mark.parametrize(
    "family, recipe",
    [
        ("Bert", "paper_sentence"),
        ("Bert", "sentence"),
        ("XLMRoberta", "paper_sentence"),
        ("Roberta", "sentence"),
    ],
)
def test_from_text_embedder_gives_the_model_back(family, recipe):
    model = counted(tiny_models.make_model(family, recipe))
    keras_mirror.encoder.backbone_settings.set_activation(
        model.encoder.backbone, "relu"
    )
    copy = MirrorModel.from_text_embedder(model.to_text_embedder(), dropout=0.3)
    np.testing.assert_allclose(vectors(copy), vectors(model), atol=1e-6)
    assert copy.recipe.sequence_length == model.recipe.sequence_length
    assert copy.recipe.dropout == copy.encoder.backbone.dropout == 0.3
    for old, new in zip(
        model.encoder.backbone.weights,
        copy.encoder.backbone.weights,
        strict=True,
    ):
        np.testing.assert_array_equal(old.numpy(), new.numpy())


def test_from_text_embedder_copies():
    model = tiny_models.make_model()
    copy = MirrorModel.from_text_embedder(model.to_text_embedder())
    before = vectors(model)
    copy.compile(optimizer=keras.optimizers.SGD(1.0))
    copy.fit(corpora.texts(20), batch_size=10, verbose=0)
    np.testing.assert_array_equal(vectors(model), before)
    assert np.abs(vectors(copy) - before).max() > 0.01


def test_from_text_embedder_follows_the_embedder_before_the_recipe():
    embedder = tiny_models.make_model(pooling_mode="max").to_text_embedder()
    model = MirrorModel.from_text_embedder(embedder, "sentence")
    assert model.recipe.pooling_mode == "max"
    assert model.recipe.pooled_layers == "last"
    assert model.recipe.decoupled
    model = MirrorModel.from_text_embedder(embedder, pooling_mode="cls")
    assert model.recipe.pooling_mode == "cls"


def test_from_text_embedder_refuses_others():
    with pytest.raises(ValueError) as error:
        MirrorModel.from_text_embedder(tiny_models.make_model())
    assert str(error.value) == (
        "`embedder` must be one of ['BertTextEmbedder', "
        "'XLMRobertaTextEmbedder', 'MirrorTextEmbedder']. Received: "
        "embedder=MirrorModel"
    )
    embedder = tiny_models.make_model().to_text_embedder()
    embedder.preprocessor = None
    with pytest.raises(ValueError, match="must have a preprocessor"):
        MirrorModel.from_text_embedder(embedder)


def test_text_embedder_needs_a_sentence_encoder():
    model = tiny_models.make_model()
    inputs = model.encoder.input
    outputs = model.encoder(inputs) * 2.0
    other = MirrorModel(keras.Model(inputs, outputs), model.preprocessor)
    with pytest.raises(ValueError, match="must be a `SentenceEncoder`"):
        other.to_text_embedder()


def test_mirror_text_embedder_is_saved(tmp_path):
    model = counted(tiny_models.make_model("Roberta", "sentence"))
    embedder = model.to_text_embedder(normalize=False)
    assert isinstance(embedder, MirrorTextEmbedder)
    embedder.save(tmp_path / "embedder.keras")
    path = tmp_path / "embedder.keras"
    loaded = keras.saving.load_model(path, compile=False)
    np.testing.assert_allclose(
        loaded.encode_text(TEXTS), vectors(model), atol=1e-6
    )
    similarity = keras.ops.convert_to_numpy(
        loaded.similarity(np.eye(2, 8, dtype="float32"), np.eye(8))
    )
    np.testing.assert_array_equal(similarity, np.eye(2, 8))
    with pytest.raises(
        NotImplementedError, match="cannot be saved as a preset"
    ):
        embedder.save_to_preset(str(tmp_path / "preset"))


@pytest.mark.parametrize("family", MODELS)
def test_preset_gives_the_model_back(family, tmp_path):
    model = counted(tiny_models.make_model(family, MODELS[family]))
    keras_mirror.encoder.backbone_settings.set_activation(
        model.encoder.backbone, "relu"
    )
    keras_mirror.encoder.backbone_settings.set_layer_norm_epsilon(
        model.encoder.backbone, 0.01
    )
    folder = save(model, tmp_path / "preset")
    loaded = MirrorModel.from_preset(folder, dropout=0.2)
    np.testing.assert_allclose(vectors(loaded), vectors(model), atol=1e-6)
    assert loaded.encoder.backbone.dropout == 0.2
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert 'MirrorModel.from_preset("folder")' in card
    again = save(loaded, tmp_path / "again")
    assert read(again) == read(folder)


def read(folder):
    return json.loads((folder / MIRROR_FILE).read_text())


@pytest.mark.parametrize("family", ["Bert", "XLMRoberta"])
def test_keras_hub_loads_the_preset(family, tmp_path):
    model = tiny_models.make_model(family, pooling_mode="max")
    model.save_to_preset(tmp_path / "preset")  # warns of nothing
    folder = str(tmp_path / "preset")
    embedder = keras_hub.models.TextEmbedder.from_preset(folder)
    np.testing.assert_allclose(
        embedder.encode_text(TEXTS), unit_vectors(model), atol=1e-5
    )
    backbone = keras_hub.models.Backbone.from_preset(folder)
    np.testing.assert_array_equal(
        backbone.token_embedding.embeddings.numpy(),
        model.encoder.backbone.token_embedding.embeddings.numpy(),
    )


def test_saving_warns_of_what_keras_hub_loses(tmp_path):
    model = tiny_models.make_model("Bert", "sentence")
    keras_mirror.encoder.backbone_settings.set_activation(
        model.encoder.backbone, "relu"
    )
    keras_mirror.encoder.backbone_settings.set_layer_norm_epsilon(
        model.encoder.backbone, 0.01
    )
    with pytest.warns(UserWarning) as warned:
        model.save_to_preset(tmp_path / "preset")
    (warning,) = [item for item in warned if item.category is UserWarning]
    assert str(warning.message).startswith(
        "A keras-hub preset cannot hold the pooling (mean, first_last, "
        "frequency_smoothing=0.001), the activation (relu), the epsilon (0.01)."
    )
    assert warning.filename == __file__


@pytest.mark.parametrize(
    "family, end, lost",
    [
        ("Bert", "centered", "the mean that is subtracted"),
        ("Bert", "whitened", "the whitening"),
        ("Roberta", "whitened", "the whitening"),
    ],
)
def test_what_it_ends_in_travels(family, end, lost, tmp_path):
    model = getattr(tiny_models.make_model(family), end)(corpora.texts(9))
    with pytest.warns(UserWarning, match=lost):
        model.save_to_preset(tmp_path / "preset")
    embedder = model.to_text_embedder(normalize=False)
    assert isinstance(embedder, MirrorTextEmbedder)
    embedder.save(tmp_path / "embedder.keras")
    for again in (
        embedder,
        keras.saving.load_model(tmp_path / "embedder.keras", compile=False),
        MirrorModel.from_preset(tmp_path / "preset"),
        MirrorModel.from_text_embedder(embedder),
    ):
        np.testing.assert_allclose(vectors(again), vectors(model), atol=1e-6)


def test_a_projection_travels(tmp_path):
    model = tiny_models.projected_model(5)
    with pytest.warns(UserWarning, match="the projection to 5 dimensions"):
        model.save_to_preset(tmp_path / "preset")
    embedder = model.to_text_embedder(normalize=False)
    for again in (
        embedder,
        MirrorModel.from_preset(tmp_path / "preset"),
        MirrorModel.from_text_embedder(embedder),
    ):
        np.testing.assert_allclose(vectors(again), vectors(model), atol=1e-6)


def test_split_on_cjk_travels(tmp_path):
    model = tiny_models.make_model()
    model.preprocessor.tokenizer.split_on_cjk = False
    model.save_to_preset(tmp_path / "preset")
    loaded = MirrorModel.from_preset(tmp_path / "preset")
    assert loaded.preprocessor.tokenizer.split_on_cjk is False


def test_existing_folder_stays(tmp_path):
    (tmp_path / "preset").mkdir()
    with pytest.raises(FileExistsError, match="exists. Choose another"):
        tiny_models.make_model().save_to_preset(tmp_path / "preset")
    assert not list((tmp_path / "preset").iterdir())


def test_damaged_files_are_refused(tmp_path):
    model = counted(tiny_models.make_model("Bert", "sentence"))
    folder = save(model, tmp_path / "preset")
    content = read(folder)
    (folder / COUNTS_FILE).write_bytes(b"no array")
    with pytest.raises(ValueError, match="must be a NumPy array"):
        MirrorModel.from_preset(folder)
    del content["fields"]["pooling_mode"]
    (folder / MIRROR_FILE).write_text(json.dumps(content))
    with pytest.raises(ValueError, match="must hold .* with the fields"):
        MirrorModel.from_preset(folder)
