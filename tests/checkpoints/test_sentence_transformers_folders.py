"""Folders that the sentence-transformers library wrote, or older ones."""

import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import keras
import numpy as np
import pytest
import safetensors.numpy
import sentence_transformers
import torch
from sentence_transformers.sentence_transformer import modules
from support.folders import SENTENCES
from support.folders import TEXTS
from support.folders import make_bert_folder
from support.folders import make_distil_bert_folder
from support.folders import make_roberta_folder
from support.folders import make_xlm_roberta_folder

from keras_mirror import MirrorModel
from keras_mirror.checkpoints.mirror_files import COUNTS_FILE
from keras_mirror.checkpoints.mirror_files import MIRROR_FILE
from keras_mirror.checkpoints.sentence_transformers.word_weights import (
    token_counts,
)
from keras_mirror.unit_rows import unit_rows

FOLDERS = {
    "bert": make_bert_folder,
    "roberta": make_roberta_folder,
    "xlm-roberta": make_xlm_roberta_folder,
    "distilbert": make_distil_bert_folder,
}
STRINGS = TEXTS + SENTENCES + ["a long one " * 20]


def save(folder, *parts, make=make_bert_folder, length=12, **config):
    """Writes a Hugging Face folder with modules behind it."""
    source = folder / "source"
    source.mkdir()
    make(source, **config)
    first = modules.Transformer(str(source), max_seq_length=length)
    parts = [part(first) if callable_(part) else part for part in parts]
    model = sentence_transformers.SentenceTransformer(
        modules=[first, *parts], device="cpu"
    )
    model.save(str(folder / "out"), create_model_card=False)
    return model, folder / "out"


def callable_(part):
    return not isinstance(part, torch.nn.Module)


def pooling(mode="mean"):
    return modules.Pooling(16, mode)


def layer_pooling(weights, start):
    part = modules.WeightedLayerPooling(16, 2, start)
    part.layer_weights.data = torch.tensor(weights)
    return part


def word_weights(low, high, seed=0):
    """Random weights of all tokens of the first module's tokenizer."""

    def make(transformer):
        vocabulary = transformer.tokenizer.get_vocab()
        tokens = sorted(vocabulary, key=vocabulary.get)
        random = np.random.default_rng(seed).uniform(low, high, len(tokens))
        known = dict(zip(tokens[3:], random[3:].tolist(), strict=True))
        return modules.WordWeights(tokens, known, unknown_word_weight=high)

    return make


def assert_same_vectors(model, folder, **options):
    ours = MirrorModel.from_preset(folder, **options)
    expected = unit_rows(model.encode(STRINGS))
    actual = unit_rows(ours.encode_text(STRINGS))
    np.testing.assert_allclose(actual, expected, atol=2e-5)
    return ours


def edit(path, **changes):
    content = json.loads(path.read_text()) if path.exists() else {}
    content.update(changes)
    path.write_text(json.dumps(content))


# === What is taken over ===


@pytest.mark.parametrize(
    ("model_type", "mode"),
    [("bert", "cls"), ("bert", "mean"), ("bert", "max"), ("roberta", "mean")]
    + [("xlm-roberta", "cls"), ("distilbert", "max")],
)
def test_pooling_and_length(model_type, mode, tmp_path):
    model, folder = save(tmp_path, pooling(mode), make=FOLDERS[model_type])
    ours = assert_same_vectors(model, folder)
    assert ours.recipe.pooling_mode == mode
    assert ours.recipe.pooled_layers == "last"
    assert ours.recipe.frequency_smoothing is None
    assert ours.recipe.decoupled  # what the folder does not decide
    assert (
        ours.recipe.sequence_length == ours.preprocessor.sequence_length == 12
    )


def test_and_out_again(tmp_path):
    model, folder = save(tmp_path, pooling(), modules.Normalize())
    ours = assert_same_vectors(model, folder)
    ours.export(tmp_path / "again")
    again = sentence_transformers.SentenceTransformer(
        str(tmp_path / "again"), device="cpu"
    )
    np.testing.assert_allclose(
        again.encode(STRINGS), model.encode(STRINGS), atol=2e-5
    )
    assert again.max_seq_length == model.max_seq_length
    for old, new in zip(
        model[0].auto_model.parameters(),
        again[0].auto_model.parameters(),
        strict=True,
    ):
        assert torch.equal(old, new)


def test_overrides_and_recipes_come_before_the_folder(tmp_path):
    _, folder = save(tmp_path, pooling("max"))
    ours = MirrorModel.from_preset(folder, pooling_mode="cls")
    assert ours.recipe.pooling_mode == "cls"
    recipe = ours.recipe
    assert MirrorModel.from_preset(folder, recipe).recipe == recipe


@pytest.mark.parametrize("model_type", FOLDERS)
def test_first_and_last_layer(model_type, tmp_path):
    parts = layer_pooling([0.0, 2.0, 2.0], 0), pooling()
    model, folder = save(
        tmp_path,
        *parts,
        make=FOLDERS[model_type],
        output_hidden_states=True,
    )
    ours = assert_same_vectors(model, folder)
    assert ours.recipe.pooled_layers == "first_last"


@pytest.mark.parametrize(
    ("weights", "start", "hidden_states"),
    [([0.0, 3.0], 1, True), ([1.0], 2, True), ([1.0, 1.0, 1.0], 0, False)],
)
def test_last_layer_alone(weights, start, hidden_states, tmp_path):
    parts = layer_pooling(weights, start), pooling()
    options = {"output_hidden_states": hidden_states}
    model, folder = save(tmp_path, *parts, **options)
    ours = assert_same_vectors(model, folder)
    assert ours.recipe.pooled_layers == "last"


@pytest.mark.parametrize("high", [1.0, 0.5, 9.0])
def test_weights_of_tokens(high, tmp_path):
    model, folder = save(tmp_path, word_weights(0.1, high), pooling())
    ours = assert_same_vectors(model, folder)
    smoothing = ours.recipe.frequency_smoothing
    assert smoothing == ours.encoder.token_weights.smoothing > 0
    counts = ours.encoder.token_weights.counts.numpy()
    assert counts.sum() == pytest.approx(1, abs=1e-5)
    assert counts.min() == 0


def test_weights_that_are_all_the_same(tmp_path):
    model, folder = save(tmp_path, word_weights(3.0, 3.0), pooling())
    ours = assert_same_vectors(model, folder)
    assert ours.recipe.frequency_smoothing is None


def test_frequencies_are_recovered():
    random = np.random.default_rng(0)
    frequencies = random.dirichlet(np.full(1000, 0.1))
    frequencies = np.append(frequencies, 0.0)  # never seen
    weights = (1e-3 / (1e-3 + frequencies)).astype("float32")
    smoothing, counts = token_counts(7 * weights.astype("float64"))
    assert smoothing == pytest.approx(1e-3, rel=1e-5)
    np.testing.assert_allclose(counts, frequencies, atol=1e-7)


def test_exact_counts_where_they_belong_to_the_weights(tmp_path):
    _, folder = save(
        tmp_path, word_weights(0.1, 1.0), pooling(), output_hidden_states=True
    )
    ours = MirrorModel.from_preset(folder)
    counts = ours.encoder.token_weights.counts
    counts.assign(np.arange(counts.shape[0]) % 7)
    ours.export(tmp_path / "again")
    back = MirrorModel.from_preset(tmp_path / "again")
    np.testing.assert_array_equal(
        back.encoder.token_weights.counts.numpy(), counts.numpy()
    )
    # Somebody changes what sentence-transformers does: that counts.
    path = tmp_path / "again" / "1_WordWeights" / "config.json"
    content = json.loads(path.read_text())
    content["word_weights"]["a"] *= 0.5
    path.write_text(json.dumps(content))
    model = sentence_transformers.SentenceTransformer(
        str(tmp_path / "again"), device="cpu"
    )
    changed = assert_same_vectors(model, tmp_path / "again")
    assert changed.encoder.token_weights.counts.numpy().sum() < 2
    # And files of ours that are gone are not needed.
    (tmp_path / "again" / MIRROR_FILE).unlink()
    (tmp_path / "again" / COUNTS_FILE).unlink()
    assert_same_vectors(model, tmp_path / "again")


def dense(**options):
    """Adds a bias, if no option changes that."""
    options = {"activation_function": None, **options}
    size = options.pop("size", 16)
    part = modules.Dense(16, size, init_weight=torch.eye(size, 16), **options)
    if part.bias:
        part.linear.bias.data = torch.arange(float(size))
    return part


def test_a_bias_is_a_mean(tmp_path):
    model, folder = save(tmp_path, pooling(), dense(), modules.Normalize())
    ours = assert_same_vectors(model, folder)
    mean = ours.encoder.centering.mean.numpy()
    np.testing.assert_array_equal(mean, -np.arange(16))
    path = folder / "2_Dense" / "config.json"
    content = json.loads(path.read_text())
    for name in ("module_input_name", "module_output_name"):
        del content[name]  # as older releases
    path.write_text(json.dumps(content))
    assert_same_vectors(model, folder)


@pytest.mark.parametrize("bias", [0, 1])
def test_a_matrix_is_a_whitening(bias, tmp_path):
    part = dense()
    generator = torch.Generator().manual_seed(1)
    part.linear.weight.data += torch.rand((16, 16), generator=generator) / 9
    part.linear.bias.data *= bias
    model, folder = save(tmp_path, pooling(), part, modules.Normalize())
    ours = assert_same_vectors(model, folder)
    assert ours.encoder.whitened and ours.encoder.centered == bool(bias)


@pytest.mark.parametrize("size", [5, 20])
@pytest.mark.parametrize("bias", [True, False])
def test_a_matrix_to_another_size_is_a_projection(bias, size, tmp_path):
    part = dense(size=size, bias=bias)
    generator = torch.Generator().manual_seed(1)
    part.linear.weight.data += torch.rand((size, 16), generator=generator) / 9
    if bias:
        part.linear.bias.data = part.linear.weight.data @ torch.arange(16.0)
    model, folder = save(tmp_path, pooling(), part, modules.Normalize())
    ours = assert_same_vectors(model, folder)
    assert ours.encoder.output_shape == (None, size)
    assert ours.encoder.centered == bias and not ours.encoder.whitened


@pytest.mark.parametrize("size", [16, 20])
def test_a_bias_that_no_mean_gives_is_refused(size, tmp_path):
    part = dense(size=size)
    part.linear.weight.data[1] = 0  # then its bias must be 0
    _, folder = save(tmp_path, pooling(), part)
    told = message(folder)
    assert told.startswith("The bias of a Dense module must equal its matrix")
    assert told.endswith("such mean, in folder=FOLDER/2_Dense")


def test_a_module_without_its_matrix_is_refused(tmp_path):
    _, folder = save(tmp_path, pooling(), dense())
    path = folder / "2_Dense" / "model.safetensors"
    safetensors.numpy.save_file({"other": np.zeros(1)}, path)
    received = "with the shapes [(0,), (0,)] in folder=FOLDER/2_Dense"
    assert message(folder).endswith(received)


def test_files_of_older_releases(tmp_path):
    model, folder = save(tmp_path, pooling("cls"))
    older = tmp_path / "older"
    (older / "1_Pooling").mkdir(parents=True)
    folder.rename(older / "0_Transformer")
    settings = older / "0_Transformer" / "sentence_bert_config.json"
    settings.write_text('{"max_seq_length": 8, "do_lower_case": true}')
    flags = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    edit(older / "1_Pooling" / "config.json", **flags)
    (older / "config.json").write_text('{"__version__": "0.2.5"}')
    package = "sentence_transformers.models"
    entries = [
        {"idx": 0, "name": "0", "path": "0_Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling"},
    ]
    entries[0]["type"] = f"{package}.Transformer"
    entries[1]["type"] = f"{package}.Pooling"
    (older / "modules.json").write_text(json.dumps(entries))
    model.max_seq_length = 8
    ours = assert_same_vectors(model, older)
    assert ours.recipe.sequence_length == 8


@pytest.mark.parametrize(
    ("given", "expected"), [(None, 40), (1e30, 40), (64, 40), (16, 16)]
)
def test_length_where_the_tokenizer_says_it(given, expected, tmp_path):
    _, folder = save(tmp_path, pooling())
    edit(folder / "tokenizer_config.json", model_max_length=given)
    assert MirrorModel.from_preset(folder).recipe.sequence_length == expected


def test_dtype_and_dropout(tmp_path):
    _, folder = save(tmp_path, pooling())
    ours = MirrorModel.from_preset(folder, dtype="mixed_bfloat16", dropout=0.3)
    assert ours.encoder.backbone.dropout == 0.3
    policy = keras.dtype_policies.get("mixed_bfloat16")
    assert ours.encoder.backbone.dtype_policy == policy


# === What is refused ===


def message(folder):
    with pytest.raises(ValueError) as error:
        MirrorModel.from_preset(folder)
    return str(error.value).replace(str(folder), "FOLDER")


def test_other_modules_are_refused(tmp_path):
    _, folder = save(tmp_path, pooling(), modules.Dropout())
    package = "sentence_transformers"
    received = [
        f"{package}.base.modules.transformer.Transformer",
        f"{package}.sentence_transformer.modules.pooling.Pooling",
        f"{package}.sentence_transformer.modules.dropout.Dropout",
    ]
    assert message(folder) == (
        "A sentence encoder must have only modules of ('Transformer', "
        "'WeightedLayerPooling', 'WordWeights', 'Pooling', 'Dense', "
        "'Normalize'), in this order, to be loaded into a mirror model. "
        "Without its modules.json only the backbone is loaded. "
        f"Received: {received} in folder=FOLDER"
    )
    entries = json.loads((folder / "modules.json").read_text())
    for changed in (
        entries[:1],
        entries[1::-1],
        [entries[0], {**entries[1], "type": "mine.Pooling"}],
    ):
        (folder / "modules.json").write_text(json.dumps(changed))
        assert "to be loaded into a mirror model" in message(folder)
    (folder / "modules.json").unlink()
    MirrorModel.from_preset(folder, sequence_length=12)


@pytest.mark.parametrize(
    ("options", "received"),
    [
        ({"use_residual": True}, "'use_residual': True}, with the shapes"),
        (
            {"activation_function": torch.nn.Tanh()},
            "'activation_function': 'torch.nn.modules.activation.Tanh'",
        ),
    ],
)
def test_other_dense_modules_are_refused(options, received, tmp_path):
    _, folder = save(tmp_path, pooling(), dense(**options))
    told = message(folder)
    assert told.startswith(
        "A Dense module must be linear to be loaded into a mirror model: it "
        "needs {'bias': True, "
    )
    assert "linear.bias of the shapes [(16, 16), (16,)]. Received: " in told
    assert received in told and told.endswith("in folder=FOLDER/2_Dense")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "modules.json must hold a JSON array. Received: path=FOLDER/mod"),
        ([{"path": ""}], "modules.json must hold a `type` and a `path` for ev"),
        ([1], "modules.json must hold a `type` and a `path` for every module"),
        (
            [{"type": "", "path": "../other"}],
            "A folder must only name files inside",
        ),
        (
            [{"type": "", "path": "/etc"}],
            "A folder must only name files inside",
        ),
    ],
)
def test_damaged_modules_are_refused(changed, expected, tmp_path):
    _, folder = save(tmp_path, pooling())
    (folder / "modules.json").write_text(json.dumps(changed))
    assert message(folder).startswith(expected)


@pytest.mark.parametrize("mode", ["lasttoken", "weightedmean", ("cls", "mean")])
def test_other_poolings_are_refused(mode, tmp_path):
    _, folder = save(tmp_path, pooling(mode))
    modes = [mode] if isinstance(mode, str) else list(mode)
    assert message(folder) == (
        "A Pooling module must have one mode out of ('cls', 'max', 'mean') to "
        f"be loaded into a mirror model. Received: {modes} in "
        "folder=FOLDER/1_Pooling"
    )


@pytest.mark.parametrize("mode", [1, [["mean"]], [{}], {"mean": True}])
def test_poolings_of_other_types_are_refused(mode, tmp_path):
    _, folder = save(tmp_path, pooling())
    edit(folder / "1_Pooling" / "config.json", pooling_mode=mode)
    assert message(folder).startswith("A Pooling module must have one mode out")


def test_other_weights_of_layers_are_refused(tmp_path):
    parts = layer_pooling([1.0, 2.0], 1), pooling()
    _, folder = save(tmp_path, *parts, output_hidden_states=True)
    assert message(folder) == (
        "A WeightedLayerPooling module must give equal weights to the first "
        "and the last layer only, or weigh the last layer only, to be loaded "
        "into a mirror model. Received: weights={1: 1.0, 2: 2.0} in "
        "folder=FOLDER/1_WeightedLayerPooling"
    )
    edit(folder / "1_WeightedLayerPooling" / "config.json", layer_start=0)
    assert message(folder) == (
        "A WeightedLayerPooling module must have a weight for every layer "
        "from `layer_start` to 2. Received: layer_start=0, (2,) in "
        "folder=FOLDER/1_WeightedLayerPooling"
    )


def test_other_weights_of_tokens_are_refused(tmp_path):
    _, folder = save(tmp_path, word_weights(0.1, 1.0), pooling("cls"))
    assert message(folder) == (
        "A WordWeights module must be followed by a Pooling with the mode "
        "'mean'. "
        "Received: pooling_mode='cls' in folder=FOLDER"
    )
    path = folder / "1_WordWeights" / "config.json"
    content = json.loads(path.read_text())
    content["word_weights"]["a"] = 0.0
    path.write_text(json.dumps(content))
    assert message(folder) == (
        "The weights of a WordWeights module must be positive to become "
        "smoothed frequencies. Received: [0.0] in folder=FOLDER/1_WordWeights"
    )
    path.write_text('{"vocab": ["a"]}')
    assert message(folder).startswith(
        "A WordWeights module must hold `vocab`, `word_weights` and "
        "`unknown_word_weight`, as sentence-transformers writes them. "
        "Received: folder=FOLDER/1_WordWeights, error=KeyError"
    )


def test_prompts(tmp_path):
    reference, folder = save(tmp_path, pooling())
    prompts = {"query": "a man: ", "passage": "the woman ", "empty": ""}
    edit(
        folder / "config_sentence_transformers.json",
        prompts=prompts,
        default_prompt_name="query",
    )
    reference = sentence_transformers.SentenceTransformer(
        str(folder), device="cpu"
    )
    model = MirrorModel.from_preset(folder)
    for name in (None, *prompts):
        ours = model.encode_text(STRINGS, prompt=name)
        theirs = reference.encode(STRINGS, prompt_name=name)
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    apart = model.encode_text(STRINGS, prompt="empty")
    assert abs(apart - model.encode_text(STRINGS)).max() > 1e-2


def test_prompts_go_along(tmp_path):
    _, folder = save(tmp_path, pooling())
    edit(
        folder / "config_sentence_transformers.json",
        prompts={"query": "a man: "},
        default_prompt_name="query",
    )
    model = MirrorModel.from_preset(folder)
    expected = unit_rows(model.encode_text(STRINGS))
    model.save(tmp_path / "encoder.keras")
    model.export(tmp_path / "exported")
    with pytest.warns(UserWarning, match="A keras-hub preset cannot hold"):
        model.save_to_preset(tmp_path / "preset")
    for again in (
        keras.saving.load_model(tmp_path / "encoder.keras"),
        MirrorModel.from_preset(tmp_path / "exported"),
        MirrorModel.from_preset(tmp_path / "preset"),
    ):
        assert again.preprocessor.prompts == model.preprocessor.prompts
        found = unit_rows(again.encode_text(STRINGS))
        np.testing.assert_allclose(found, expected, atol=2e-6)
    theirs = sentence_transformers.SentenceTransformer(
        str(tmp_path / "exported"), device="cpu"
    )
    found = theirs.encode(STRINGS)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    embedder = model.to_text_embedder()
    found = embedder.encode_text(STRINGS, verbose=0)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_damaged_prompts_are_refused(tmp_path):
    _, folder = save(tmp_path, pooling())
    path = folder / "config_sentence_transformers.json"
    edit(path, prompts={"query": "query: "}, default_prompt_name="other")
    assert message(folder) == (
        "'FOLDER/config_sentence_transformers.json' must hold `prompts`, an "
        "object from names to strings, and `default_prompt_name`, one of "
        "these names or null. Received: prompts={'query': 'query: '}, "
        "default_prompt_name='other'"
    )
    edit(path, default_prompt_name=["query"])
    assert message(folder).endswith("default_prompt_name=['query']")
    edit(path, prompts={"query": 3}, default_prompt_name=None)
    assert "from names to strings" in message(folder)
    edit(path, prompts={"query": "query: "})
    edit(folder / "1_Pooling" / "config.json", include_prompt=False)
    assert message(folder) == (
        "`include_prompt` of a Pooling module must be true: a mirror model "
        "pools the tokens of a prompt too. Received: include_prompt=False in "
        "FOLDER/1_Pooling"
    )


def test_other_settings_are_refused(tmp_path):
    _, folder = save(tmp_path, pooling(), tokenizer={"do_lower_case": False})
    path = folder / "sentence_bert_config.json"
    path.write_text('{"do_lower_case": true}')
    assert message(folder) == (
        "`do_lower_case` must be false, or the tokenizer must lower-case "
        "texts itself. Received: do_lower_case=True in "
        "FOLDER/sentence_bert_config.json"
    )
    path.write_text('{"transformer_task": "fill-mask"}')
    assert message(folder) == (
        "`transformer_task` must be 'feature-extraction' to be loaded into a "
        "mirror model. Received: transformer_task='fill-mask' in folder=FOLDER"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("truncate_dim", 8),
        ("similarity_fn_name", "dot"),
        ("similarity_fn_name", "euclidean"),
    ],
)
def test_other_vectors_and_similarities_are_refused(key, value, tmp_path):
    _, folder = save(tmp_path, pooling())
    edit(folder / "config_sentence_transformers.json", **{key: value})
    assert message(folder).startswith(f"`{key}` must be one of [None, ")
    assert f"Received: {key}={value!r} in 'FOLDER/conf" in message(folder)


def test_dot_products_of_vectors_of_length_1_are_cosines(tmp_path):
    model, folder = save(tmp_path, pooling(), modules.Normalize())
    settings = {"similarity_fn_name": "dot", "truncate_dim": 16}
    edit(folder / "config_sentence_transformers.json", **settings)
    assert_same_vectors(model, folder)


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("sentence_bert_config.json", "Transformer"),
        ("1_Pooling/config.json", "Pooling"),
        ("2_Dense/config.json", "Dense"),
    ],
)
def test_unknown_settings_of_modules_are_refused(file, module, tmp_path):
    model, folder = save(tmp_path, pooling(), dense())
    edit(folder / file, new=None, newer=False)
    assert_same_vectors(model, folder)
    edit(folder / file, newest={"scale": 2})
    told = message(folder)
    assert told.startswith(f"A {module} module must have no settings other t")
    assert "Received: {'newest': {'scale': 2}} in folder=FOLDER" in told
