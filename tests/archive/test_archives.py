import shutil

import keras
import numpy as np
import pytest
from support.archives import change_config
from support.models import make_model
from support.texts import texts


def test_archive_is_whole(tmp_path):
    model = make_model(
        "Bert", temperature=0.3, span_length=3, pooling_mode="max", dropout=0.4
    )
    model.compile()
    path = tmp_path / "encoder.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    assert loaded.recipe == model.recipe
    assert loaded.encoder.pooling_mode == "max"
    assert loaded.encoder.backbone.dropout == 0.4
    assert loaded.preprocessor.span_length == 3
    assert loaded.preprocessor.tokenizer.lowercase
    assert loaded.get_config() == model.get_config()


@pytest.mark.parametrize("given", ["auto", False])
def test_the_backend_that_loads_decides_what_is_compiled(tmp_path, given):
    model = make_model()
    model.compile(jit_compile=given)
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.get_compile_config()["jit_compile"] == given
    is_jax = keras.backend.backend() == "jax"
    assert loaded.jit_compile is (is_jax and given == "auto")


@pytest.mark.processes
def test_what_training_added_is_kept_and_goes_on(
    trained_model, trained_archive
):
    loaded = keras.saving.load_model(trained_archive)
    strings = texts(20)
    np.testing.assert_array_equal(
        loaded.encode_text(strings), trained_model.encode_text(strings)
    )
    before, counts = (
        keras.ops.convert_to_numpy(model.encoder.token_weights.counts)
        for model in (trained_model, loaded)
    )
    assert before.any()
    np.testing.assert_array_equal(counts, before)
    heads = [model.projection_head for model in (trained_model, loaded)]
    for ours, theirs in zip(*(head.weights for head in heads), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert loaded.encoder.drophead == loaded.recipe.drophead == 0.5
    assert [layer.rate for layer in loaded.encoder.drop_heads] == [0.5, 0.5]
    loaded.fit(strings, epochs=1, verbose=0)
    assert int(loaded.optimizer.iterations) == 4
    counts = keras.ops.convert_to_numpy(loaded.encoder.token_weights.counts)
    assert counts.sum() > 1.5 * before.sum()


def test_dtype_policy_is_kept(tmp_path):
    model = make_model(dtype="mixed_bfloat16")
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    parts = (loaded, loaded.encoder, loaded.encoder.backbone)
    assert {part.dtype_policy.name for part in parts} == {"mixed_bfloat16"}
    assert loaded.encoder.get_layer("pooling").compute_dtype == "float32"


def test_special_tokens_stay_text_after_loading(tmp_path):
    for family in ("Bert", "Roberta", "Albert"):
        model = make_model(family)
        path = tmp_path / f"{family}.keras"
        model.save(path)
        loaded = keras.saving.load_model(path)
        text = ["a [MASK] <mask> cat"]
        ids = loaded.preprocessor.tokenize(text)
        assert ids == model.preprocessor.tokenize(text)
        assert loaded.preprocessor.tokenizer.mask_token_id not in ids[0]


# === Damaged, foreign and hostile files ===


def vocabulary_outside(config):
    tokenizer = config["preprocessor"]["config"]["tokenizer"]["config"]
    tokenizer["vocabulary"] = "/etc/hostname"


def lambda_as_encoder(config):
    layer = keras.layers.Lambda(lambda x: x)
    model = keras.Sequential([keras.Input((3,)), layer])
    with keras.saving.custom_object_scope({}):
        config["encoder"] = keras.saving.serialize_keras_object(model)


def absurd_vocabulary(config):
    backbone = config["encoder"]["config"]["backbone"]["config"]
    backbone["vocabulary_size"] = 10**15


def absurd_length(config):
    config["preprocessor"]["config"]["sequence_length"] = 10**15


def callable_activation(config):
    config["encoder"]["config"]["activation"] = {
        "class_name": "function",
        "config": "system",
        "module": "os",
        "registered_name": "function",
    }


@pytest.mark.parametrize(
    "change, message",
    [
        (vocabulary_outside, "must not name files"),
        (lambda_as_encoder, "must consist of classes"),
        (absurd_vocabulary, "must have at most"),
        (absurd_length, "`sequence_length` must be an integer of 3 to"),
        (callable_activation, "must consist of classes"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_hostile_archive_is_refused(trained_archive, tmp_path, change, message):
    path = change_config(trained_archive, tmp_path / "hostile.keras", change)
    with pytest.raises((TypeError, ValueError), match=message):
        keras.saving.load_model(path)


def test_hostile_byte_pair_files_are_refused(tmp_path):
    def outside(config):
        tokenizer = config["preprocessor"]["config"]["tokenizer"]["config"]
        tokenizer.update(vocabulary="/etc/hostname", merges="/etc/hostname")

    make_model("Roberta").save(tmp_path / "encoder.keras")
    path = change_config(
        tmp_path / "encoder.keras", tmp_path / "hostile.keras", outside
    )
    with pytest.raises(ValueError, match="must not name files"):
        keras.saving.load_model(path)


def test_truncated_archive_is_refused(trained_archive, tmp_path):
    path = tmp_path / "truncated.keras"
    shutil.copy(trained_archive, path)
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(ValueError):
        keras.saving.load_model(path)
