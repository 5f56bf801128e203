import pytest
from support import models
from support.texts import texts

from keras_mirror import MirrorPreprocessor
from keras_mirror.data import collect_strings
from keras_mirror.data import token_shares as module
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.data.token_shares import percent
from keras_mirror.data.token_shares import token_shares

ARABIC = ["ذهب الولد إلى المدرسة", "القطة تنام", "كان الطقس باردا"]


def preprocessor(family="Bert", **options):
    return MirrorPreprocessor(models.tokenizer(family), **options)


def shares_of(strings, **options):
    return token_shares(collect_strings(strings), preprocessor(**options))


# === Correctness ===


@pytest.mark.parametrize(
    "family, unknown",
    [("Bert", 1), ("XLMRoberta", 1), ("Albert", 1), ("Roberta", 0)],
)
def test_unknown_tokens(family, unknown):
    assert shares_of(ARABIC, family=family).unknown == unknown
    assert shares_of(texts(20), family=family).unknown < 0.25


def test_tokens_of_both_sides_of_pairs():
    pairs = [("a man", "القطة تنام")]
    shares = token_shares(collect_strings(pairs), preprocessor())
    assert shares.unknown == 0.5


def test_texts_that_are_cut():
    strings = ["a", "a a a", "a a a a"]
    assert shares_of(strings, sequence_length=5).cut == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "strings, per_word",
    [
        (["a man", "zzzz a"], 7 / 4),
        (["a man!?"], 2.0),
        (["雪の中を二匹の犬が"], 0.0),
        (["雪の中を二匹の犬が", "a man"], 1.0),
        (["!"], 1.0),
    ],
)
def test_tokens_per_word_of_languages_with_spaces(strings, per_word):
    assert shares_of(strings).per_word == per_word


def test_a_prompt_is_no_part_of_a_word():
    prompts = {"query": "query a man : "}
    prompted = preprocessor(prompts=prompts, default_prompt_name="query")
    with_prompt = token_shares(collect_strings(["man"]), prompted).per_word
    assert with_prompt == shares_of(["query a man : man"]).per_word


def test_a_large_corpus_is_sampled(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 20)
    corpus = collect_strings(texts(100))
    prepared = preprocessor()
    tokenized = []
    monkeypatch.setattr(
        prepared, "tokenize", lambda rows: tokenized.extend(rows) or [[5]] * 20
    )
    token_shares(corpus, prepared)
    assert len(set(tokenized)) == 20 and tokenized != corpus.strings[:20]


@pytest.mark.parametrize(
    "share, told", [(0, "Under 1%"), (0.01, "1%"), (0.966, "97%"), (1, "100%")]
)
def test_percent(share, told):
    assert percent(share) == told


# === Who is told ===


def test_a_dataset_of_unknown_tokens_warns(kind):
    with pytest.warns(UserWarning) as record:
        mirror_dataset(ARABIC, preprocessor(), batch_size=3)
    [warning] = record
    assert str(warning.message).startswith("100% of the tokens of the corpus")
    assert "'multilingual_minilm_l12_v2'" in str(warning.message)
    assert warning.filename == __file__


@pytest.mark.parametrize(
    "strings",
    [
        ["lol 😂 😂 a man 😂", "happy birthday 🎉🎂 yes", "so funny 😂😂😂"],
        ["for i in range(10): x += 1", "def f(x): return x ** 2"],
        ["l'été dernier, où êtes-vous allés ?", "ça va très bien"],
        ["phosphoribosylpyrophosphate synthetase-1", "TP53", "BRCA2 p.Arg3Gln"],
        ["12", "3.5", "-7"],
    ],
    ids=["emoji", "code", "accents", "names", "numbers"],
)
def test_unusual_corpora_are_no_reason_to_warn(strings):
    assert not shares_of(strings).are_foreign
