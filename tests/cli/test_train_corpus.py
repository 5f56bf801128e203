"""What `keras-mirror train` tells of a corpus, and refuses."""

import keras
import pytest
from support.models import make_model
from support.texts import WORDS
from support.texts import texts

ARABIC = ["ذهب الولد إلى المدرسة", "القطة تنام", "كان الطقس باردا"]


@pytest.fixture
def train(command, preset, tmp_path, monkeypatch):
    """Trains on some lines, and gives exit code and errors."""
    monkeypatch.chdir(tmp_path)

    def call(lines, *options, name="texts.txt"):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        arguments = ["train", name, "--preset", preset, *options]
        arguments += ["--output", "encoder.keras", "--batch-size", 3]
        code, _, errors = command(*arguments)
        return code, errors

    return call


def test_the_corpus_is_told_before_training(train, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = ["a man", "A man!", *WORDS[:6]]
    code, errors = train(lines, "--epochs", 2)
    assert code == 0, errors
    told = errors[: errors.index("Training, loss")].splitlines()
    assert all(len(line) <= 60 for line in told)
    paragraph = " ".join(" ".join(told).split())
    for sentence in (
        "corpus 8 texts make 4 steps of 3 in 2 epochs; 2 are never seen",
        "expect little from so few",
        "12% of the texts (1) differ from another text only in punctuation",
    ):
        assert sentence in paragraph
    assert "are cut" not in paragraph


def test_unknown_tokens_are_refused(train, tmp_path):
    code, errors = train(ARABIC)
    assert code == 2
    [line] = errors.strip().splitlines()
    assert "100% of the tokens of the corpus are unknown to the" in line
    assert "multilingual_minilm_l12_v2" in line and "--force" in line
    assert list(tmp_path.iterdir()) == [tmp_path / "texts.txt"]


def test_force_trains_on_unknown_tokens(train, monkeypatch):
    # They were looked at before: not for the batches again.
    monkeypatch.setattr("keras_mirror.data.mirror_dataset.token_shares", None)
    code, errors = train(ARABIC, "--force")
    assert code == 0, errors
    assert errors.count("100% of the tokens are unknown") == 1
    assert keras.saving.load_model("encoder.keras").record.runs[0].steps == 1


@pytest.mark.parametrize(
    "name, lines, options, words",
    [
        ("my texts.txt", texts(4), [], "'my texts.txt'"),
        ("texts.tsv", ["a\tb", "c\td", "e\tf"], ["--pairs"], "TEXTS"),
        (
            "texts.csv",
            ["it's", "a man", "a cat", "a dog"],
            ["--column", "it's", "--errors", "replace", "--encoding", "latin1"],
            "texts.csv --column 'it'\"'\"'s' --errors replace "
            "--encoding latin1",
        ),
    ],
    ids=["space", "pairs", "options"],
)
def test_the_next_command_names_the_texts(train, name, lines, options, words):
    code, errors = train(lines, *options, name=name)
    assert code == 0, errors
    assert errors.splitlines()[-1] == (
        f"next: keras-mirror index encoder.keras {words} --output texts.index"
    )


def test_the_vocabulary_of_the_preset_decides(train, monkeypatch):
    from keras_mirror import MirrorModel

    monkeypatch.setattr(
        MirrorModel,
        "from_preset",
        lambda preset, **fields: make_model("Roberta", **fields),
    )
    code, errors = train(ARABIC)  # its bytes spell everything
    assert code == 0 and "A word takes" in errors and "unknown" not in errors
