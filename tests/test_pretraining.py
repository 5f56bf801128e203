"""The pretraining example: repeatable, resumable, a preset at the end."""

import csv
import pathlib
import sys

import h5py
import keras
import keras_hub
import numpy as np
import pytest
from support.texts import WORDS

import keras_mirror

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))

import pretrain_backbone  # noqa: E402
from pretraining import model as pretraining_model  # noqa: E402
from pretraining import rows as pretraining_rows  # noqa: E402
from pretraining.batches import masked_batches  # noqa: E402

ROW_LENGTH = 12


@pytest.fixture
def text(tmp_path):
    """Articles whose every word is followed by one and the same word."""
    generator = np.random.default_rng(0)
    words = [word for word in WORDS if word.isascii() and word.isalpha()][:20]
    articles = []
    for start in generator.integers(len(words), size=80):
        sentence = [words[(start + i) % len(words)] for i in range(30)]
        articles.append(
            " ".join(sentence[:15]) + "\n" + " ".join(sentence[15:])
        )
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join(articles) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def pretrain(text, tmp_path, monkeypatch):
    """Runs the example in small; gives the held-out losses of its epochs."""
    monkeypatch.setattr(pretrain_backbone, "STEPS_PER_EPOCH", 10)
    monkeypatch.setattr(pretrain_backbone, "HELD_OUT_BATCHES", 2)
    monkeypatch.setattr(pretraining_rows, "SAMPLE_EVERY", 1)
    small = {"NUM_LAYERS": 1, "HIDDEN_DIM": 16, "HEAD_DIM": 8}
    for name, value in {**small, "WARMUP_STEPS": 5}.items():
        monkeypatch.setattr(pretraining_model, name, value)
    monkeypatch.setattr(pretraining_model, "LEARNING_RATE", 1e-2)

    def run(output, steps=40, **options):
        options = {"seed": 1, "vocabulary_size": 120, **options}
        pairs = [(f"--{k.replace('_', '-')}", v) for k, v in options.items()]
        arguments = [text, "--output", tmp_path / output, "--steps", steps]
        arguments += ["--batch-size", 8, "--row-length", ROW_LENGTH]
        arguments += [item for pair in pairs for item in pair]
        monkeypatch.setattr(sys, "argv", ["", *map(str, arguments)])
        pretrain_backbone.main()
        return losses(tmp_path / f"{output}_work")

    return run


def losses(work):
    with open(work / "losses.csv", encoding="utf-8") as file:
        return [float(row["val_loss"]) for row in csv.DictReader(file)]


@pytest.mark.processes
def test_same_seed_same_curve_and_it_learns(pretrain):
    first = pretrain("first")
    assert len(first) == 4
    assert first[-1] < first[0] - 0.2
    np.testing.assert_allclose(pretrain("second"), first, rtol=1e-5)
    assert abs(pretrain("third", seed=2)[-1] - first[-1]) > 1e-4


@pytest.mark.processes
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_killed_and_resumed_run_ends_as_the_whole_one(
    pretrain, tmp_path, monkeypatch
):
    def kill(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt

    whole = pretrain("whole")
    with monkeypatch.context() as patch:
        patch.setattr(pretraining_model.SafeCheckpoint, "on_epoch_begin", kill)
        with pytest.raises(KeyboardInterrupt):
            pretrain("killed")
    assert not (tmp_path / "killed").exists()
    resumed = pretrain("killed")
    np.testing.assert_allclose(resumed[:2], whole[:2], rtol=1e-5)
    # Other masks from here on; fresh weights would be far behind.
    np.testing.assert_allclose(resumed[2:], whole[2:], atol=0.15)
    assert (tmp_path / "killed" / "model.weights.h5").exists()


@pytest.mark.processes
def test_the_output_is_a_preset_in_half_precision(pretrain, tmp_path):
    pretrain("preset", steps=10)
    folder = str(tmp_path / "preset")
    backbone = keras_hub.models.BertBackbone.from_preset(folder)
    assert backbone.dropout == 0 and backbone.hidden_dim == 16
    types = set()
    with h5py.File(tmp_path / "preset" / "model.weights.h5") as file:
        file.visititems(lambda _, item: types.add(getattr(item, "dtype", None)))
    assert types == {None, np.dtype("float16")}
    model = keras_mirror.MirrorModel.from_preset(folder, sequence_length=20)
    model.compile()
    texts = [" ".join(WORDS[i : i + 4]) for i in range(20)]
    history = model.fit(texts, batch_size=10, verbose=0).history
    assert np.isfinite(history["loss"][0])


@pytest.mark.processes
def test_other_settings_do_not_go_on_in_the_same_folder(pretrain):
    pretrain("run", steps=10)
    with pytest.raises(SystemExit, match="other settings"):
        pretrain("run", steps=20, seed=2)
    with pytest.raises(SystemExit):
        pretrain("other", steps=15)


def test_rows_hold_an_article_each_and_nothing_is_lost(text):
    vocabulary = pretraining_rows.train_vocabulary([text], 200)
    assert len(vocabulary) == len(set(vocabulary)) <= 200
    again = pretraining_rows.train_vocabulary([text], 200)
    assert again == vocabulary
    tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary, lowercase=True)
    rows = pretraining_rows.token_rows([text], tokenizer, ROW_LENGTH)
    expected = []
    for article in pretraining_rows.read_articles([text]):
        token_ids = list(map(int, np.asarray(tokenizer(article))))
        width = ROW_LENGTH - 2
        for start in range(0, len(token_ids), width):
            piece = token_ids[start : start + width]
            row = [tokenizer.cls_token_id, *piece, tokenizer.sep_token_id]
            expected.append(row + [0] * (ROW_LENGTH - len(row)))
    assert rows.tolist() == expected
    assert len(set(map(len, expected))) == 1


def test_masked_batches(text):
    vocabulary = pretraining_rows.train_vocabulary([text], 200)
    tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary, lowercase=True)
    rows = pretraining_rows.token_rows([text], tokenizer, ROW_LENGTH)
    batches = list(masked_batches(rows, tokenizer, 8))
    assert len(batches) == len(rows) // 8
    inputs, targets, weights = keras.tree.map_structure(np.array, batches[3])
    batch = rows[24:32].astype(int)
    special = [tokenizer.cls_token_id, tokenizer.sep_token_id, 0]
    for row, masked, positions, ids, real in zip(
        batch,
        inputs["token_ids"],
        inputs["mask_positions"],
        targets,
        weights,
        strict=True,
    ):
        chosen = positions[real == 1]
        assert len(chosen) == np.ceil(0.2 * (~np.isin(row, special)).sum())
        assert not np.isin(row[chosen], special).any()
        np.testing.assert_array_equal(row[chosen], ids[real == 1])
        others = np.delete(np.arange(ROW_LENGTH), chosen)
        np.testing.assert_array_equal(row[others], masked[others])
    np.testing.assert_array_equal(inputs["padding_mask"], batch != 0)
    assert (inputs["token_ids"] != batch).mean() > 0.08


def test_resumed_batches_are_the_next_ones(text):
    vocabulary = pretraining_rows.train_vocabulary([text], 200)
    tokenizer = keras_hub.tokenizers.BertTokenizer(vocabulary, lowercase=True)
    rows = pretraining_rows.token_rows([text], tokenizer, ROW_LENGTH)
    endless = masked_batches(rows, tokenizer, 8, first_step=3)
    inputs, targets, _ = next(iter(endless))
    restored = np.array(inputs["token_ids"])
    np.put_along_axis(restored, inputs["mask_positions"].numpy(), targets, 1)
    expected = rows[24:32].astype(int)
    # Where a row has fewer masks, position 0 got a padding id.
    np.testing.assert_array_equal(restored[:, 1:], expected[:, 1:])


def test_learning_rate_rises_stays_and_falls():
    schedule = pretraining_model.WarmupStableDecay(8000)
    rates = {
        step: float(schedule(step)) for step in (0, 249, 499, 5999, 7000, 7999)
    }
    top = pretraining_model.LEARNING_RATE
    expected = [top / 500, top / 2, top, top, top / 2, top / 2000]
    np.testing.assert_allclose(list(rates.values()), expected, rtol=1e-3)
    # A longer run shares the start of a shorter one.
    longer = pretraining_model.WarmupStableDecay(16000)
    assert float(longer(5999)) == float(schedule(5999))
