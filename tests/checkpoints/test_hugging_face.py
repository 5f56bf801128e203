import json
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import pytest
import safetensors.numpy
import torch
import transformers
from support.folders import FOLDERS
from support.folders import make_albert_folder
from support.folders import make_bert_folder
from support.folders import make_roberta_folder
from support.folders import make_xlm_roberta_folder
from support.texts import DATA

from keras_mirror.checkpoints.hugging_face import weight_files
from keras_mirror.checkpoints.hugging_face.checkpoint import load_hugging_face
from keras_mirror.checkpoints.hugging_face.config import DEFAULTS
from keras_mirror.checkpoints.hugging_face.config import activation_name
from keras_mirror.checkpoints.hugging_face.config import read_config
from keras_mirror.checkpoints.hugging_face.keras_hub_view import keras_hub_view
from keras_mirror.encoder.backbone_settings import set_activation
from keras_mirror.encoder.backbone_settings import set_layer_norm_epsilon

# Keras 3.15 makes NumPy arrays of tensors in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

BERT_MINI = DATA / "weights" / "bert-mini-en"


@pytest.fixture(scope="module", params=FOLDERS)
def family(request, tmp_path_factory):
    """A folder of every model type, and its model."""
    folder = tmp_path_factory.mktemp(request.param)
    model, _ = FOLDERS[request.param](folder)
    return folder, model


@pytest.fixture
def bert(tmp_path):
    model, _ = make_bert_folder(tmp_path)
    return tmp_path, model


def load(folder, **options):
    folder = pathlib.Path(folder)
    return load_hugging_face(folder, read_config(folder), **options)


def keras_output(folder, token_ids, padding_mask):
    checkpoint = load(folder)
    backbone = checkpoint.backbone
    set_activation(backbone, checkpoint.activation)
    set_layer_norm_epsilon(backbone, checkpoint.layer_norm_epsilon)
    features = {
        "token_ids": token_ids,
        "padding_mask": padding_mask,
        "segment_ids": np.zeros_like(token_ids),
    }
    output = backbone({name: features[name] for name in backbone.input})
    if isinstance(output, dict):
        output = output["sequence_output"]
    return keras.ops.convert_to_numpy(output)


def assert_same_output(folder, model):
    """The same vectors of real tokens from keras-hub and transformers."""
    random = np.random.default_rng(0)
    token_ids = random.integers(5, model.config.vocab_size - 1, (3, 9))
    padding_mask = np.arange(9) < np.array([[9], [5], [2]])
    token_ids[~padding_mask] = model.config.pad_token_id
    with torch.no_grad():
        expected = model(
            torch.tensor(token_ids), attention_mask=torch.tensor(padding_mask)
        ).last_hidden_state.numpy()
    output = keras_output(folder, token_ids, padding_mask.astype("int32"))
    np.testing.assert_allclose(
        output[padding_mask], expected[padding_mask], atol=2e-5
    )


def read_weights(folder):
    return safetensors.numpy.load_file(folder / "model.safetensors")


def write_weights(folder, weights):
    safetensors.numpy.save_file(weights, folder / "model.safetensors")


def edit_json(path, **changes):
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))


# === Outputs ===


def test_output_of_a_bare_model(family):
    assert_same_output(*family)


@pytest.mark.parametrize("model_type", FOLDERS)
def test_output_of_a_masked_language_model(model_type, tmp_path):
    model, _ = FOLDERS[model_type](tmp_path, masked_lm=True)
    assert not any("pooler" in name for name in read_weights(tmp_path))
    assert_same_output(tmp_path, model)


def test_output_with_a_prefix(family, tmp_path):
    folder, model = family
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    weights = read_weights(folder)
    prefix = model.base_model_prefix + "."
    assert not any(name.startswith(prefix) for name in weights)
    write_weights(tmp_path, {prefix + name: weights[name] for name in weights})
    assert_same_output(tmp_path, model)


@pytest.mark.parametrize(
    ("hidden_act", "expected"),
    [
        ("gelu", "gelu"),
        ("gelu_new", "gelu_approximate"),
        ("gelu_pytorch_tanh", "gelu_approximate"),
        ("relu", "relu"),
    ],
)
def test_output_follows_the_activation(tmp_path, hidden_act, expected):
    model, _ = make_bert_folder(tmp_path, hidden_act=hidden_act)
    assert load(tmp_path).activation == expected
    assert_same_output(tmp_path, model)


def test_every_activation_is_one_of_keras():
    x = np.linspace(-3, 3, 25, dtype="float32")
    for name in ("gelu", "relu", "relu6", "silu", "swish", "mish", "tanh"):
        expected = transformers.activations.ACT2FN[name](torch.tensor(x))
        function = keras.activations.get(activation_name({"hidden_act": name}))
        output = keras.ops.convert_to_numpy(function(x))
        np.testing.assert_allclose(output, expected.numpy(), atol=1e-6)


def test_output_follows_the_epsilon(tmp_path):
    model, _ = make_roberta_folder(tmp_path, layer_norm_eps=0.1)
    assert load(tmp_path).layer_norm_epsilon == 0.1
    assert_same_output(tmp_path, model)


def test_output_with_one_segment(tmp_path):
    model, _ = make_bert_folder(tmp_path, type_vocab_size=1)
    assert_same_output(tmp_path, model)


@pytest.mark.parametrize("make", [make_roberta_folder, make_xlm_roberta_folder])
def test_output_where_padding_is_another_token(tmp_path, make):
    model, _ = make(tmp_path, pad_token_id=0)
    assert_same_output(tmp_path, model)


def test_output_of_several_groups_of_albert(tmp_path):
    model, _ = make_albert_folder(
        tmp_path, num_hidden_groups=2, inner_group_num=2
    )
    assert_same_output(tmp_path, model)


def test_output_of_the_bundled_data():
    if not BERT_MINI.is_dir():
        pytest.skip(f"no folder {BERT_MINI}")
    model = transformers.AutoModelForMaskedLM.from_pretrained(BERT_MINI)
    assert_same_output(BERT_MINI, model.base_model.eval())


def test_missing_keys_of_the_configuration_have_their_defaults():
    for model_type, defaults in DEFAULTS.items():
        expected = transformers.AutoConfig.for_model(model_type).to_dict()
        assert defaults == {key: expected[key] for key in defaults}


def test_output_where_the_configuration_is_short(bert):
    folder, model = bert
    config = json.loads((folder / "config.json").read_text())
    sizes = ["hidden_size", "num_hidden_layers", "num_attention_heads"]
    sizes += ["intermediate_size", "vocab_size", "max_position_embeddings"]
    short = {key: config[key] for key in ["model_type", *sizes]}
    (folder / "config.json").write_text(json.dumps(short))
    assert_same_output(folder, model)


# === Arguments ===


def test_dropout_is_the_given_one_or_the_checkpoint_s(tmp_path):
    make_bert_folder(tmp_path, hidden_dropout_prob=0.3)
    assert load(tmp_path).backbone.dropout == 0.3
    checkpoint = load(str(tmp_path), dropout=0.2)
    assert checkpoint.backbone.dropout == 0.2


def test_dtype(bert):
    backbone = load(bert[0], dtype="mixed_bfloat16").backbone
    assert backbone.dtype_policy.name == "mixed_bfloat16"


# === Weight files ===


def test_weights_that_suit_are_not_written_anew(bert):
    folder, _ = bert
    config = json.loads((folder / "config.json").read_text())
    with keras_hub_view(folder, config) as staged:
        (link,) = pathlib.Path(staged).glob("*.safetensors")
        assert link.is_symlink()
        assert link.resolve() == (folder / "model.safetensors").resolve()
    assert not pathlib.Path(staged).exists()


def test_weights_are_copied_where_links_are_not_allowed(bert, monkeypatch):
    def refuse(*_):
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(pathlib.Path, "symlink_to", refuse)
    assert_same_output(*bert)


def test_nothing_stays_in_the_temporary_folder(bert, tmp_path, monkeypatch):
    folder, _ = bert
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    checkpoint = load(folder)
    assert not list(temporary.iterdir())
    (temporary / "assets").mkdir()
    checkpoint.tokenizer.save_assets(str(temporary / "assets"))
    assert "temporary" not in json.dumps(checkpoint.tokenizer.get_config())


def test_old_names_of_normalizations(bert):
    folder, model = bert
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): weight
        for name, weight in read_weights(folder).items()
    }
    assert any(name.endswith("LayerNorm.gamma") for name in weights)
    write_weights(folder, weights)
    assert_same_output(folder, model)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights(family, tmp_path, dtype):
    folder, _ = family
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    half = transformers.AutoModel.from_pretrained(folder, dtype=dtype)
    half.save_pretrained(tmp_path)
    assert_same_output(tmp_path, half.float().eval())


def test_sharded_safetensors(bert):
    folder, model = bert
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    assert_same_output(folder, model)


@pytest.mark.parametrize("zipped", [True, False])
def test_pytorch_checkpoint(family, tmp_path, zipped):
    folder, model = family
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.safetensors").unlink()
    torch.save(
        model.state_dict(),
        tmp_path / "pytorch_model.bin",
        _use_new_zipfile_serialization=zipped,
    )
    assert_same_output(tmp_path, model)


def test_sharded_pytorch_checkpoint(bert):
    folder, model = bert
    (folder / "model.safetensors").unlink()
    weight_map = {}
    for number in range(2):
        shard = f"pytorch_model-{number + 1:05}-of-00002.bin"
        names = sorted(model.state_dict())[number::2]
        weight_map.update(dict.fromkeys(names, shard))
        tensors = {name: model.state_dict()[name] for name in names}
        torch.save(tensors, folder / shard)
    index = json.dumps({"metadata": {}, "weight_map": weight_map})
    (folder / "pytorch_model.bin.index.json").write_text(index)
    assert_same_output(folder, model)


# === Errors ===


@pytest.mark.parametrize("model_type", ["mpnet", "modernbert"])
def test_what_keras_hub_has_no_backbone_for(tmp_path, model_type):
    make_bert_folder(tmp_path)
    edit_json(tmp_path / "config.json", model_type=model_type)
    with pytest.raises(ValueError, match=f"no backbone.*{model_type!r} in "):
        load(tmp_path)


def test_error_for_a_decoder(bert):
    folder, _ = bert
    edit_json(folder / "config.json", model_type="gpt2")
    with pytest.raises(
        ValueError,
        match=r"`model_type` must be one of \['albert', 'bert', 'distilbert', "
        r"'roberta', 'xlm-roberta'\].*Received: model_type='gpt2' in .*config",
    ):
        load(folder)
    edit_json(folder / "config.json", model_type="bert", is_decoder=True)
    with pytest.raises(ValueError, match=r"Received: is_decoder=True in "):
        load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model_type", None),
        ("model_type", ["bert"]),
        ("hidden_act", "quick_gelu"),
        ("position_embedding_type", "relative_key"),
        ("hidden_size", "16"),
        ("num_hidden_layers", -2),
    ],
)
def test_error_for_a_configuration(bert, key, value):
    folder, _ = bert
    edit_json(folder / "config.json", **{key: value})
    match = rf"`{key}` must be .*Received: {key}=.* in .*config.json"
    with pytest.raises(ValueError, match=match):
        load(folder)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("config.json", "must hold a config.json. Received: folder="),
        ("model.safetensors", "must hold its weights as one of model.safetens"),
        ("tokenizer.json", "must hold its tokenizer as one of tokenizer.json"),
    ],
)
def test_error_for_a_missing_file(bert, name, match):
    folder, _ = bert
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=match) as error:
        load(folder)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ],
)
@pytest.mark.parametrize("content", [b"", b'{"a": ', b"[1]", b"\xff\xfe\x00"])
def test_error_for_a_damaged_file(bert, name, content):
    folder, _ = bert
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} must .*Received: path="):
        load(folder)


def test_error_for_a_truncated_file(bert):
    folder, _ = bert
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="model.safetensors must be a safet"):
        load(folder)


def test_error_for_missing_tensors(bert):
    folder, _ = bert
    edit_json(folder / "config.json", num_hidden_layers=3)
    with pytest.raises(
        ValueError,
        match="16 tensors are missing, the first is "
        "'encoder.layer.2.attention.self.query.weight'. Received: folder=",
    ):
        load(folder)
    write_weights(folder, {"a": np.zeros(1)})
    with pytest.raises(ValueError, match="must hold a tensor 'embeddings.wor"):
        load(folder)


def test_error_for_another_size(bert):
    folder, _ = bert
    edit_json(folder / "config.json", intermediate_size=8)
    match = "must have the sizes that config.json says.*Received: shape="
    with pytest.raises(ValueError, match=match):
        load(folder)


SIZES = {
    "bert": "vocab_size hidden_size intermediate_size max_position_embeddings",
    "distilbert": "vocab_size dim hidden_dim max_position_embeddings",
    "albert": "vocab_size embedding_size hidden_size intermediate_size",
    "roberta": "vocab_size hidden_size max_position_embeddings",
}
SIZES = [(kind, key) for kind, keys in SIZES.items() for key in keys.split()]


@pytest.mark.parametrize(
    ("model_type", "key"), [*SIZES, ("bert", "type_vocab_size")]
)
def test_sizes_are_those_of_the_weights(model_type, key, tmp_path):
    FOLDERS[model_type](tmp_path)
    edit_json(tmp_path / "config.json", **{key: 10**9})
    match = rf"must have the sizes that config.json says.*{key}.*1000000000"
    with pytest.raises(ValueError, match=match):
        load(tmp_path)


@pytest.mark.parametrize("epsilon", ["x", -1, 0, 1.5, float("nan")])
def test_an_epsilon_that_is_none(epsilon, tmp_path):
    FOLDERS["bert"](tmp_path)
    edit_json(tmp_path / "config.json", layer_norm_eps=epsilon)
    with pytest.raises(ValueError, match="must be a number between 0 and 1"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("model_type", "key", "match"),
    [
        ("bert", "num_hidden_layers", "at most 1000 layers"),
        ("distilbert", "n_layers", "at most 1000 layers"),
        ("albert", "num_hidden_layers", "at most 1000 layers"),
        ("albert", "inner_group_num", "at most 1000 layers"),
        ("bert", "num_attention_heads", "must be a multiple of `num_att"),
        (
            "roberta",
            "pad_token_id",
            "must be smaller than the number of positions",
        ),
    ],
)
def test_numbers_that_no_weight_shows(model_type, key, match, tmp_path):
    FOLDERS[model_type](tmp_path)
    edit_json(tmp_path / "config.json", **{key: 10**9})
    with pytest.raises(ValueError, match=match):
        load(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ["query.base_layer.weight", "query.lora_A.default.weight"],
        ["base_model.model.encoder.layer.0.attention.self.query.weight"],
    ],
)
def test_error_for_weights_with_adapters(bert, names):
    folder, _ = bert
    write_weights(folder, {name: np.zeros(1) for name in names})
    match = f"adapters of the PEFT library.*{names[0]}"
    with pytest.raises(ValueError, match=match):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_error_for_deeply_nested_json(bert, name):
    folder, _ = bert
    (folder / name).write_text("[" * 100_000)
    with pytest.raises(ValueError, match=f"{name} must be a JSON file"):
        load(folder)


def test_error_for_a_missing_shard(bert):
    folder, model = bert
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    next(folder.glob("model-00001*")).unlink()
    with pytest.raises(FileNotFoundError, match="Missing: model-00001-of"):
        load(folder)


@pytest.mark.parametrize("name", ["../other/model.bin", "/etc/hostname"])
def test_shards_lie_inside_of_the_folder(bert, name):
    folder, _ = bert
    (folder / "model.safetensors").unlink()
    index = json.dumps({"weight_map": {"a": name}})
    (folder / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ValueError, match=f"only name files inside.*'{name}'"):
        load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_error_for_a_git_lfs_pointer(bert, name):
    folder, _ = bert
    (folder / "model.safetensors").unlink()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"
    (folder / name).write_text(pointer)
    match = f"{name} must hold weights, but this one is a Git LFS pointer to"
    with pytest.raises(ValueError, match=match):
        load(folder)


@pytest.mark.parametrize("has_config", [True, False])
def test_error_for_an_adapter(bert, has_config):
    folder, _ = bert
    if not has_config:
        (folder / "config.json").unlink()
    settings = {"peft_type": "LORA", "base_model_name_or_path": "base"}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    match = (
        "holds an adapter of the PEFT library.* for the base model 'base' in"
    )
    with pytest.raises(ValueError, match=match):
        load(folder)


def test_a_long_config_is_not_read(tmp_path):
    (tmp_path / "config.json").write_text("[" * (2**22 + 1))
    with pytest.raises(ValueError, match="must have at most 4194304 bytes"):
        read_config(tmp_path)


def test_many_tensors_are_not_looked_at(tmp_path, monkeypatch):
    make_bert_folder(tmp_path)
    monkeypatch.setattr(weight_files, "MAX_ITEMS", 9)
    with pytest.raises(ValueError, match="must hold at most 9 tensors"):
        weight_files.read_weight_files(tmp_path)
