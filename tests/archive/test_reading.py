import io
import json
import re
import zipfile

import keras
import numpy as np
import pytest
from support.archives import change_config
from support.archives import rewrite
from support.models import make_model
from support.models import projected_model
from support.references import Batches
from support.texts import texts

import keras_mirror
from keras_mirror.archive.model_card import model_card
from keras_mirror.archive.reading import archive_card
from keras_mirror.archive.reading import archive_info
from keras_mirror.archive.stored_member import StoredMember


def size_of(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.fixture(scope="module")
def model():
    model = make_model(recipe="sentence", batch_size=5)
    model.compile()
    views = model.preprocessor.views(texts(3))
    model.fit(Batches([views]), verbose=0)
    return model


@pytest.fixture(scope="module")
def archive(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("info") / "encoder.keras"
    model.save(path)
    return path


# === What is told ===


def test_everything_is_told(model, archive):
    info = archive_info(archive)
    assert json.loads(json.dumps(info)) == info
    assert info["size"] == archive.stat().st_size
    assert info["keras"] == keras.__version__
    assert re.match(r"20\d\d-\d\d-\d\d", info["saved"])
    assert info["recipe"] == model.recipe.get_config()
    record = keras.saving.deserialize_keras_object(
        {
            "module": "keras_mirror.archive.record",
            "class_name": "TrainingRecord",
            "registered_name": "keras_mirror>TrainingRecord",
            "config": info["record"],
        }
    )
    assert record == model.record and record.runs
    backbone = model.encoder.backbone.get_config()
    told = {n: v for n, v in info["backbone"].items() if n in backbone}
    assert told == {name: backbone[name] for name in told}
    assert {"num_layers", "hidden_dim", "vocabulary_size"} <= set(told)
    assert info["backbone"]["class"] == "BertBackbone"
    assert info["tokenizer"]["class"] == "BertTokenizer"
    assert info["tokenizer"]["lowercase"] is True


@pytest.mark.parametrize("end", ["centered", "whitened"])
def test_what_it_ends_in_is_told(model, archive, tmp_path, end):
    getattr(model, end)(texts(5)).save(tmp_path / "ended.keras")
    assert archive_info(tmp_path / "ended.keras")[end] is True
    assert archive_info(archive)[end] is False


def test_other_dimensions_are_told(archive, tmp_path):
    projected_model(5).save(tmp_path / "ended.keras")
    assert archive_info(tmp_path / "ended.keras")["projection_dim"] == 5
    assert archive_info(archive)["projection_dim"] is None


def test_parameters_are_those_of_the_model(model, archive):
    assert archive_info(archive)["parameters"] == {
        "encoder": size_of(model.encoder.weights),
        "training_only": size_of(model.projection_head.weights),
        "optimizer": size_of(model.optimizer.variables),
    }


@pytest.mark.parametrize(
    "family", ["Bert", "Roberta", "Albert", "XLMRoberta", "DebertaV3"]
)
def test_the_vocabulary_of_every_kind_of_tokenizer(family, tmp_path):
    model = make_model(family)
    model.save(tmp_path / "encoder.keras")
    info = archive_info(tmp_path / "encoder.keras")
    tokenizer = model.preprocessor.tokenizer
    assert info["tokenizer"]["class"] == type(tokenizer).__name__
    expected = tokenizer.vocabulary_size()
    assert info["tokenizer"]["vocabulary_size"] == expected


def test_dtype_policy(tmp_path):
    make_model(dtype="mixed_bfloat16").save(tmp_path / "encoder.keras")
    info = archive_info(str(tmp_path / "encoder.keras"))
    assert info["dtype_policy"] == "mixed_bfloat16"


def test_an_encoder_of_ones_own(model, tmp_path):
    inputs = model.encoder.input
    outputs = keras.layers.Dense(3)(model.encoder(inputs))
    encoder = keras.Model(inputs, outputs)
    own = keras_mirror.MirrorModel(encoder, model.preprocessor)
    own.save(tmp_path / "encoder.keras")
    info = archive_info(tmp_path / "encoder.keras")
    assert info["backbone"]["class"] == "Functional"


def test_an_older_archive(archive, tmp_path):
    def older(config):
        del config["record"]
        del config["recipe"]["config"]["pooled_layers"]

    path = change_config(archive, tmp_path / "changed.keras", older)
    path = rewrite(path, tmp_path / "old.keras", **{"README.md": None})
    info = archive_info(path)
    assert info["record"] is None
    assert "pooled_layers" not in info["recipe"]
    message = (
        f"'{path}' has no model card: an older version wrote it. Load it and "
        "save it again"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        archive_card(path)


def test_weights_that_are_compressed_are_not_counted(archive, tmp_path):
    path = rewrite(archive, tmp_path / "z.keras", zipfile.ZIP_DEFLATED)
    assert archive_info(path)["parameters"] is None


def test_the_card_is_the_models(model, archive):
    assert archive_card(archive) == model_card(model)


# === Damaged and foreign files ===


@pytest.mark.parametrize("read", [archive_info, archive_card])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"{}"])
def test_what_is_no_archive_is_refused(read, tmp_path, content):
    path = tmp_path / "damaged.keras"
    path.write_bytes(content)
    message = f"'{path}' is not a readable archive of keras-mirror: "
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read(path)


@pytest.mark.parametrize(
    "name, content",
    [
        ("config.json", None),
        ("config.json", b"[" * 100_000),
        ("config.json", b"[1, 2]"),
        ("config.json", b'{"config": 3'),
        ("config.json", b"\xff"),
        ("metadata.json", b"null"),
        ("model.weights.h5", b"not HDF5"),
    ],
)
def test_damaged_parts_are_refused(archive, tmp_path, name, content):
    path = rewrite(archive, tmp_path / "damaged.keras", **{name: content})
    message = f"'{path}' is not a readable archive of keras-mirror: "
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        archive_info(path)


def test_a_card_that_is_no_text_is_refused(archive, tmp_path):
    path = tmp_path / "damaged.keras"
    rewrite(archive, path, **{"README.md": b"\xff"})
    with pytest.raises(ValueError, match="is not a readable archive"):
        archive_card(path)


@pytest.mark.parametrize("part", ["encoder", "preprocessor", "recipe"])
@pytest.mark.parametrize("value", [None, 3, [], {}, {"config": None}])
def test_parts_of_another_kind_are_refused(archive, tmp_path, part, value):
    path = change_config(
        archive,
        tmp_path / "damaged.keras",
        lambda config: config.update({part: value}),
    )
    with pytest.raises(ValueError, match="is not a readable archive"):
        archive_info(path)


def test_a_truncated_archive_is_refused(archive, tmp_path):
    path = tmp_path / "truncated.keras"
    path.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(ValueError, match="is not a readable archive"):
        archive_info(path)


@pytest.mark.parametrize("read", [archive_info, archive_card])
def test_a_foreign_archive_is_refused(read, tmp_path):
    path = tmp_path / "foreign.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    message = f"'{path}' must hold a MirrorModel. Received: a Sequential"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read(path)


@pytest.mark.parametrize("name", ["", "missing.keras"])
def test_a_missing_archive_is_refused(tmp_path, name):
    path = tmp_path / name
    kind = "missing" if name else "a folder"
    message = f"An archive is expected. Received: '{path}', which is {kind}"
    with pytest.raises(FileNotFoundError, match=f"^{re.escape(message)}$"):
        archive_info(path)


# === Reading in any order ===


@pytest.fixture
def letters(tmp_path):
    path = tmp_path / "letters.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("before", "xyz" * 99)
        archive.writestr("letters", "abcdefgh")
        archive.writestr("after", "xyz" * 99)
    return path


def test_a_member_reads_as_its_content_alone(letters):
    info = zipfile.ZipFile(letters).getinfo("letters")
    file, expected = StoredMember(letters, info), io.BytesIO(b"abcdefgh")
    generator = np.random.default_rng(0)
    for _ in range(200):
        whence = int(generator.integers(3))
        offset = int(generator.integers(-3, 9))
        if whence == io.SEEK_SET:
            offset = abs(offset)
        assert file.seek(offset, whence) == expected.seek(offset, whence)
        number = int(generator.integers(-1, 12))
        assert file.read(number) == expected.read(number)
        assert file.tell() == expected.tell()
    file.close()


def test_a_compressed_member_is_refused(tmp_path):
    path = tmp_path / "compressed.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("letters", "abc")
    with pytest.raises(ValueError, match="`info` must be of a file that is"):
        StoredMember(path, archive.getinfo("letters"))
