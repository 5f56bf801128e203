import numpy as np
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.optional_tensorflow import tf
from keras_mirror.preprocessing.mirror_preprocessor import MirrorPreprocessor
from keras_mirror.preprocessing.prompts import Prompts

PROMPTS = {"query": "a man : ", "passage": "a woman : ", "empty": ""}


def make_preprocessor(tokenizer, default=None, **options):
    return MirrorPreprocessor(
        tokenizer, prompts=PROMPTS, default_prompt_name=default, **options
    )


@pytest.fixture(scope="module")
def tokenizer():
    return make_model().preprocessor.tokenizer


def test_a_prompt_is_put_before_every_text():
    prompts = Prompts(PROMPTS)
    assert prompts.prepend(["x", ""], "query") == ["a man : x", "a man : "]
    assert prompts.prepend(np.array(["x"]), "query") == ["a man : x"]
    assert prompts.prepend("x", "query") == ["a man : x"]
    for name in (None, "empty"):
        assert prompts.prepend(["x"], name) == ["x"]
    with_default = Prompts(PROMPTS, "passage")
    assert with_default.prepend(["x"]) == ["a woman : x"]
    assert with_default.prepend(["x"], "empty") == ["x"]


def test_prompts_of_both_sides_of_a_search():
    assert Prompts(PROMPTS).name_of_role("query") == "query"
    assert Prompts(PROMPTS).name_of_role("document") == "passage"
    both = {"corpus": "c", "document": "d"}
    assert Prompts(both).name_of_role("document") == "document"
    assert Prompts({}).name_of_role("query") is None


def test_wrong_prompts_are_refused():
    with pytest.raises(
        ValueError, match="has 'query', 'passage', 'empty'. Rec"
    ):
        Prompts(PROMPTS).text("other")
    with pytest.raises(
        ValueError, match="which has none. Received: prompt='q'"
    ):
        Prompts({}).text("q")
    with pytest.raises(ValueError, match="prompt='other'"):
        Prompts(PROMPTS, "other")
    with pytest.raises(ValueError, match="from names to strings"):
        Prompts({"query": 3})


def test_tokens_are_those_of_prompt_and_text(tokenizer):
    preprocessor = make_preprocessor(tokenizer, "query")
    plain = MirrorPreprocessor(tokenizer)
    expected = plain.tokenize(["a man : two dogs run"])
    assert preprocessor.tokenize(["two dogs run"]) == expected
    assert preprocessor.tokenize(["two dogs run"], "empty") == plain.tokenize(
        ["two dogs run"]
    )
    counts = preprocessor.count_tokens(["two dogs run"])
    assert counts.tolist() == [len(expected[0])]
    for ours, theirs in (
        (preprocessor(["two dogs run"]), plain(["a man : two dogs run"])),
        (preprocessor("two dogs run"), plain("a man : two dogs run")),
    ):
        np.testing.assert_array_equal(ours["token_ids"], theirs["token_ids"])


def test_a_prompt_is_before_both_views_and_never_masked(tokenizer):
    preprocessor = make_preprocessor(tokenizer, "query", sequence_length=90)
    mask = tokenizer.mask_token_id
    [prompt] = MirrorPreprocessor(tokenizer).tokenize(["a man :"])
    strings = [f"{text} and two dogs run on the grass" for text in texts(60)]
    view_1, view_2 = preprocessor.views(strings, seed=(1, 2))
    for view in (view_1, view_2):
        starts = np.asarray(view["token_ids"])[:, 1 : len(prompt) + 1]
        assert (starts == prompt).all()
    masked = np.asarray(view_2["token_ids"]) == mask
    assert masked.any(axis=1).all() and masked.argmax(axis=1).min() > 1
    unmasked = make_preprocessor(tokenizer, "query", span_length=0)
    view_1, view_2 = unmasked.views(strings)
    np.testing.assert_array_equal(view_1["token_ids"], view_2["token_ids"])
    assert (
        np.asarray(view_1["token_ids"])[0, 1 : len(prompt) + 1] == prompt
    ).all()


@pytest.mark.skipif(tf is None, reason="needs TensorFlow")
def test_a_dataset_has_the_prompt_too(tokenizer):
    preprocessor = make_preprocessor(tokenizer, "query")
    [prompt] = MirrorPreprocessor(tokenizer).tokenize(["a man :"])
    dataset = mirror_dataset(texts(20), preprocessor, batch_size=10, seed=0)
    for view_1, view_2 in dataset:
        for view in (view_1, view_2):
            starts = np.asarray(view["token_ids"])[:, 1 : len(prompt) + 1]
            assert (starts == prompt).all()


def test_config_has_prompts_only_where_there_are_some(tokenizer):
    config = make_preprocessor(tokenizer, "query").get_config()
    assert config["prompts"] == PROMPTS
    assert config["default_prompt_name"] == "query"
    again = MirrorPreprocessor.from_config(config)
    assert again.prompts == Prompts(PROMPTS, "query")
    # Else fingerprints of all older encoders would change.
    config = MirrorPreprocessor(tokenizer).get_config()
    assert not any("prompt" in key for key in config)
