import pytest
from support import models
from support.texts import texts

from keras_mirror import MirrorPreprocessor
from keras_mirror.data import corpus_report
from keras_mirror.data.corpus_report import CorpusReport
from keras_mirror.data.token_shares import TokenShares
from keras_mirror.recipes import get_recipe


def report(num_strings=10_000, epochs=1, num_near_duplicates=0, **shares):
    shares = {"unknown": 0.0, "cut": 0.0, "per_word": 1.3, **shares}
    return CorpusReport(
        num_strings=num_strings,
        batch_size=min(200, num_strings),
        epochs=epochs,
        sequence_length=50,
        num_near_duplicates=num_near_duplicates,
        shares=TokenShares(**shares),
    )


FEW = ". 50 steps are usual: expect little from so few."
GOOD = "10,000 texts make 50 steps of 200."
TOLD = {
    GOOD: {},
    "9,281 texts make 46 steps of 200; 81 are never seen.": {
        "num_strings": 9281
    },
    "9,281 texts make 92 steps of 200 in 2 epochs; 81 are never seen in each "
    "of them.": {"num_strings": 9281, "epochs": 2},
    f"30 texts make 1 step of 30{FEW}": {"num_strings": 30},
    f"300 texts make 1 step of 200; 100 are never seen{FEW}": {
        "num_strings": 300
    },
    "300 texts make 10 steps of 200 in 10 epochs; 100 are never seen in each "
    "of them.": {"num_strings": 300, "epochs": 10},
    f"{GOOD} 26% of the tokens are unknown to the vocabulary and look the "
    "same to the model.": {"unknown": 0.26},
    f"{GOOD} A word takes 5.1 tokens on average (English: 1.3): the vocabulary "
    "seems to be for another language.": {"per_word": 5.1},
    f"{GOOD} Under 1% of the texts are cut at 50 tokens.": {"cut": 0.001},
    f"{GOOD} 12% of the texts are cut at 50 tokens.": {"cut": 0.12},
    f"{GOOD} 12% of the texts (1,250) differ from another text only in "
    "punctuation, case and spaces; training pushes the two apart.": {
        "num_near_duplicates": 1250
    },
}


@pytest.mark.parametrize("told", TOLD)
def test_only_what_matters_is_told(told):
    assert str(report(**TOLD[told])) == told


@pytest.mark.parametrize(
    "usual",
    [{"unknown": 0.04}, {"per_word": 3.2}, {"num_near_duplicates": 90}],
)
def test_what_good_corpora_have_is_not_told(usual):
    assert str(report(**usual)) == GOOD


def test_of_a_corpus():
    preprocessor = MirrorPreprocessor(models.tokenizer("Bert"), 8)
    preprocessor.recipe = get_recipe("sentence", batch_size=10, epochs=2)
    strings = [*texts(23), "a man plays", "A man plays!"]
    made = corpus_report([*strings, *strings, " "], preprocessor)
    assert (made.num_strings, made.num_steps, made.num_left_out) == (25, 4, 5)
    assert made.num_near_duplicates == 1
    assert made.shares.cut > 0.5 and made.sequence_length == 8


def test_nothing_to_report_on():
    preprocessor = MirrorPreprocessor(models.tokenizer("Bert"))
    with pytest.raises(ValueError, match="Received: 2 strings, none of them"):
        corpus_report(["", " "], preprocessor)
