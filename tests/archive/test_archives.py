import json
import shutil
import zipfile

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import INSTALLED
from support.processes import PACKAGES
from support.processes import run_python
from support.texts import SENTENCES
from support.texts import texts

# A WordPiece and a SentencePiece vocabulary; byte pairs are tried below.
FAMILIES = ("Bert", "Albert")

LOAD_AND_GO_ON = """
import json, sys
import torch  # before TensorFlow, whatever the backend is
import keras_mirror
import keras, numpy as np
from support.texts import SENTENCES
from support.texts import texts

report = {}
for path in sys.argv[1:]:
    model = keras.saving.load_model(path)
    expected = np.load(path + ".npy")
    distance = np.abs(model.encode_text(SENTENCES) - expected).max()
    iterations = int(model.optimizer.iterations)
    loss = model.fit(
        texts(20), batch_size=10, epochs=1, verbose=0
    ).history["loss"][0]
    report[path] = [
        float(distance), iterations, int(model.optimizer.iterations), loss
    ]
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Trained archives, each with its vectors beside it."""
    folder = tmp_path_factory.mktemp("archives")
    paths = []
    for family in FAMILIES:
        model = make_model(family, "word", learning_rate=1e-2, batch_size=10)
        model.compile()
        model.fit(texts(20), epochs=1, verbose=0)
        paths.append(str(folder / f"{family}.keras"))
        model.save(paths[-1])
        np.save(paths[-1] + ".npy", model.encode_text(SENTENCES))
    return paths


@pytest.mark.parametrize("backend", PACKAGES)
def test_archive_works_on_every_backend(archives, backend):
    if backend not in INSTALLED:
        pytest.skip(f"{backend} is not installed")
    report = json.loads(
        run_python(LOAD_AND_GO_ON, *archives, backend=backend).splitlines()[-1]
    )
    assert list(report) == archives
    for distance, before, after, loss in report.values():
        assert distance < 1e-5
        assert (before, after) == (2, 4)
        assert np.isfinite(loss)


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


def change_config(source, target, change):
    """Copies an archive with its configuration changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config["config"])
                data = json.dumps(config)
            new.writestr(name, data)
    return str(target)


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
        (vocabulary_outside, "vocabulary file outside of the model archive"),
        (lambda_as_encoder, "lambda"),
        (absurd_vocabulary, "must have at most"),
        (absurd_length, "`sequence_length` must be an integer of 3 to"),
        (callable_activation, "`activation` must be a string"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_hostile_archive_is_refused(archives, tmp_path, change, message):
    path = change_config(archives[0], tmp_path / "hostile.keras", change)
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
    with pytest.raises(
        (TypeError, ValueError), match="outside of the model archive"
    ):
        keras.saving.load_model(path)


def test_truncated_archive_is_refused(archives, tmp_path):
    path = tmp_path / "truncated.keras"
    shutil.copy(archives[0], path)
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(ValueError):
        keras.saving.load_model(path)
