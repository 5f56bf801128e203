import json
import re
import string

import keras
import keras_hub
import numpy as np
import pytest
from support import models as tiny_models
from support import processes
from support import references
from support import texts as corpora

from keras_mirror import MirrorPreprocessor
from keras_mirror.preprocessing import padding
from keras_mirror.preprocessing.padding import padded_lengths

LENGTH = 24
MARKED = "the children sing of [MASK] and [SEP] and <mask> and </s> by the sea"
LONG = "A woman is slicing a big red onion slowly. " * 20
TEXTS = [*corpora.SENTENCES, MARKED, LONG, "[MASK]", "<mask>", "[CLS]", "a", ""]
TEXTS += [" ", " leading and trailing space, which is long enough \t", "a\nb c"]
TEXTS += [
    "e\u0301\u0327" * 15,
    "x" * 300,
    "［ｗｉｄｅ］",
    "\u00a0",
    "\x7f\u200b",
]
SHORT = [text for text in TEXTS if len(text) < 30]

REASON = "tokenizes in the graph of a tf.data pipeline"


@pytest.fixture(scope="module", params=tiny_models.FEW_FAMILIES)
def preprocessor(request):
    tokenizer = tiny_models.tokenizer(request.param)
    return MirrorPreprocessor(tokenizer, LENGTH, name=request.param)


@pytest.fixture(scope="module")
def bert():
    tokenizer = tiny_models.tokenizer("Bert")
    return MirrorPreprocessor(tokenizer, LENGTH)


@pytest.fixture(scope="module")
def graph_views(preprocessor):
    """`TEXTS` once through a tf.data pipeline, which is slow to build."""
    tf = pytest.importorskip("tensorflow", reason=REASON)
    dataset = tf.data.Dataset.from_tensors((TEXTS, tf.constant([1, 2])))
    dataset = dataset.map(preprocessor.views)
    for view in dataset.element_spec:
        ranks = {name: spec.shape.rank for name, spec in view.items()}
        assert ranks == {"token_ids": 2, "padding_mask": 2, "string_ids": 1}
    return next(dataset.as_numpy_iterator())


def all_views(preprocessor, request):
    views = [preprocessor.views(TEXTS, seed=(1, 2))]
    if processes.tensorflow_is_installed():
        views.append(request.getfixturevalue("graph_views"))
    return views


def special_ids(preprocessor):
    tokenizer = preprocessor.tokenizer
    return {
        name: getattr(tokenizer, f"{name}_token_id")
        for name in ("start", "end", "pad", "mask")
    }


def assert_same_features(features, expected):
    """The same for an encoder: views have ids of their strings besides."""
    names = {"token_ids", "padding_mask"}
    for side in (features, expected):
        assert set(side) - {"string_ids"} == names
    for name in names:
        np.testing.assert_array_equal(features[name], expected[name])


# === Basics ===


def test_shapes_and_dtypes(preprocessor):
    features = preprocessor(TEXTS)
    assert set(features) == {"token_ids", "padding_mask"}
    for feature in features.values():
        assert isinstance(feature, np.ndarray)
        assert feature.shape == (len(TEXTS), LENGTH)
        assert feature.dtype == "int32"


def test_start_text_end_padding(preprocessor):
    ids = special_ids(preprocessor)
    features = preprocessor(TEXTS)
    rows = preprocessor.tokenize(TEXTS)
    for row, token_ids, padding_mask in zip(
        rows, features["token_ids"], features["padding_mask"], strict=True
    ):
        row = [ids["start"], *row[: LENGTH - 2], ids["end"]]
        padding = [ids["pad"]] * (LENGTH - len(row))
        assert token_ids.tolist() == row + padding
        assert padding_mask.tolist() == [1] * len(row) + [0] * len(padding)


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_lists_and_arrays(bert, make):
    assert_same_features(bert(make(TEXTS[:4])), bert(TEXTS[:4]))


def test_a_single_string(bert):
    features = bert(TEXTS[0])
    assert features["token_ids"].shape == (LENGTH,)
    assert_same_features(features, {k: v[0] for k, v in bert(TEXTS).items()})


def test_no_strings(bert):
    assert bert([])["token_ids"].shape == (0, LENGTH)
    for features in bert.views([]):
        assert features["token_ids"].shape == (0, padded_lengths(LENGTH)[0])


def test_pack_takes_another_length(bert):
    features = bert.pack([[7, 8, 9, 10], []], length=5)
    ids = special_ids(bert)
    start, end, pad = ids["start"], ids["end"], ids["pad"]
    np.testing.assert_array_equal(
        features["token_ids"],
        [[start, 7, 8, 9, end], [start, end, pad, pad, pad]],
    )
    np.testing.assert_array_equal(
        features["padding_mask"], [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    )


def test_numbers_of_tokens(preprocessor):
    expected = [len(ids) for ids in preprocessor.tokenize(TEXTS)]
    np.testing.assert_array_equal(preprocessor.count_tokens(TEXTS), expected)
    assert preprocessor.count_tokens([]).shape == (0,)


# === Correctness ===


def test_graph_gives_the_same_ids(preprocessor, graph_views):
    view_1, view_2 = graph_views
    assert_same_features(view_1, preprocessor(TEXTS))
    for feature in (*view_1.values(), *view_2.values()):
        assert feature.dtype == "int32"


def test_graph_gives_the_same_masked_view(preprocessor, graph_views):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    dataset = tf.data.Dataset.from_tensors((TEXTS, tf.constant([1, 2])))
    parts = next(iter(dataset.map(preprocessor.span_masking.split)))
    left, right = [[t.decode() for t in part.numpy()] for part in parts[:2]]
    _, rows = preprocessor._python.tokenize_views(
        TEXTS, left, right, parts[2].numpy().tolist()
    )
    assert_same_features(graph_views[1], preprocessor.pack(rows))


WIDTHS = {  # Of so many words: how many tokens, how wide where XLA compiles.
    1: (3, 8),
    6: (8, 8),
    7: (9, 12),
    14: (16, 16),
    15: (17, 24),
    99: (24, 24),
}


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("compiles", [True, False])
def test_views_are_as_wide_as_their_longest_string(
    bert, in_graph, compiles, monkeypatch
):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: compiles)
    batches = [["the", " ".join(["the"] * number)] for number in WIDTHS]
    tokenizer = bert.tokenizer
    longest = MirrorPreprocessor(tokenizer, LENGTH, span_length=0)
    fixed = MirrorPreprocessor(tokenizer, LENGTH, 0, "sequence_length")
    for preprocessor in (longest, fixed):
        if in_graph:
            tf = pytest.importorskip("tensorflow", reason=REASON)
            dataset = tf.data.Dataset.from_tensor_slices(batches)
            dataset = dataset.map(preprocessor.views)
            if preprocessor is fixed:
                for view in dataset.element_spec:
                    assert view["token_ids"].shape[1] == LENGTH
            all_views = list(dataset.as_numpy_iterator())
        else:
            all_views = [preprocessor.views(batch) for batch in batches]
        for views, (num_tokens, width) in zip(
            all_views, WIDTHS.values(), strict=True
        ):
            width = width if compiles else num_tokens
            width = LENGTH if preprocessor is fixed else width
            assert len(views) == 2
            for view in views:
                assert view["token_ids"].shape == (2, width)
                assert view["padding_mask"].shape == (2, width)
                assert view["padding_mask"].sum(axis=1).max() == num_tokens


def test_single_strings_in_a_graph(bert):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    dataset = tf.data.Dataset.from_tensor_slices(TEXTS)
    rows = list(dataset.map(bert).as_numpy_iterator())
    expected = bert(TEXTS)
    for name in expected:
        stacked = [row[name] for row in rows]
        np.testing.assert_array_equal(stacked, expected[name])
    for view_1, view_2 in dataset.map(bert.views).take(3):
        assert view_1["token_ids"].shape == (LENGTH,)
        assert view_2["token_ids"].shape == (LENGTH,)


def test_tensors_outside_of_a_graph(preprocessor):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    expected = preprocessor(TEXTS)
    assert_same_features(preprocessor(tf.constant(TEXTS)), expected)
    first = {name: feature[0] for name, feature in expected.items()}
    assert_same_features(preprocessor(tf.constant(TEXTS[0])), first)
    view_1, view_2 = preprocessor.views(tf.constant(TEXTS))
    assert_same_features(view_1, expected)
    assert view_2["token_ids"].shape == (len(TEXTS), LENGTH)


def test_view_1_is_the_text(preprocessor, request):
    expected = preprocessor(TEXTS)
    for view_1, _ in all_views(preprocessor, request):
        assert_same_features(view_1, expected)


def test_ids_tell_strings_apart_but_for_case_and_white_space(
    preprocessor, request
):
    seen = {}
    for view_1, view_2 in all_views(preprocessor, request):
        for ids in (view_1["string_ids"], view_2["string_ids"]):
            assert ids.dtype == "int32"
            for text, number in zip(TEXTS, ids.tolist(), strict=True):
                seen.setdefault(" ".join(text.lower().split()), set()).add(
                    number
                )
        np.testing.assert_array_equal(
            view_1["string_ids"], view_2["string_ids"]
        )
    num_roads = 2 if processes.tensorflow_is_installed() else 1
    assert all(len(numbers) <= num_roads for numbers in seen.values())
    assert len(set.union(*seen.values())) == num_roads * len(seen)


@pytest.mark.parametrize("in_graph", [False, True])
def test_strings_alike_have_one_id(bert, in_graph):
    groups = [
        ["A man  plays", "a MAN plays ", "\ta man\u00a0plays"],
        ["Äpfel und ÉTÉ", "äpfel und été"],
        ["МОСКВА", "москва"],
        ["a man play s"],
        ["雪の中", "雪の中 "],
        ["", "  "],
    ]
    strings = [text for group in groups for text in group]
    views = bert.views
    if in_graph:
        tf = pytest.importorskip("tensorflow", reason=REASON)
        dataset = tf.data.Dataset.from_tensors(strings).map(views)
        view_1, _ = next(dataset.as_numpy_iterator())
    else:
        view_1, _ = views(strings)
    ids = iter(view_1["string_ids"].tolist())
    groups = [{next(ids) for _ in group} for group in groups]
    assert all(len(group) == 1 for group in groups)
    assert len(set.union(*groups)) == len(groups)


@pytest.mark.parametrize("span_length", [0, 5])
@pytest.mark.parametrize("in_graph", [False, True])
def test_partners_are_the_second_view(bert, span_length, in_graph):
    layer = MirrorPreprocessor(bert.tokenizer, LENGTH, span_length)
    strings, partners = corpora.SENTENCES[:4], corpora.SENTENCES[4:8]
    expected = [
        layer.views(strings, seed=(1, 2))[0],
        layer.views(partners, seed=(1, 2))[1],
    ]
    seed = np.array([1, 2])
    if in_graph:
        tf = pytest.importorskip("tensorflow", reason=REASON)

        def in_graph_views(*arguments):
            dataset = tf.data.Dataset.from_tensors(arguments).map(layer.views)
            return next(dataset.as_numpy_iterator())

        expected[1] = in_graph_views(partners, seed)[1]
        views = in_graph_views(strings, seed, partners)
        single = [tf.constant(side[0]) for side in (strings, partners)]
        single = layer.views(single[0], seed, single[1])
    else:
        views = layer.views(strings, seed, partners)
        single = layer.views(strings[0], seed, partners[0])
    width = views[0]["token_ids"].shape[1]
    for view, wanted in zip(views, expected, strict=True):
        num_tokens = wanted["padding_mask"].sum(axis=1)
        np.testing.assert_array_equal(
            view["padding_mask"].sum(axis=1), num_tokens
        )
        least = min(width, wanted["token_ids"].shape[1])
        assert least >= num_tokens.max()
        np.testing.assert_array_equal(
            view["token_ids"][:, :least], wanted["token_ids"][:, :least]
        )
        assert len(set(view["string_ids"].tolist())) == 4
    assert not set(views[0]["string_ids"]) & set(views[1]["string_ids"])
    assert single[1]["token_ids"].shape == (LENGTH,)
    np.testing.assert_array_equal(
        single[0]["token_ids"][:least], views[0]["token_ids"][0, :least]
    )


def test_special_tokens_in_text_stay_text(preprocessor, request):
    ids = special_ids(preprocessor)
    for view_1, view_2 in all_views(preprocessor, request):
        for view, num_masks in ((view_1, 0), (view_2, 1)):
            for text, row, mask in zip(
                TEXTS, view["token_ids"], view["padding_mask"], strict=True
            ):
                inside = row[mask == 1].tolist()[1:-1]
                for name in ("start", "end", "pad"):
                    assert ids[name] not in inside
                most = num_masks if len(text) >= 30 else 0
                assert inside.count(ids["mask"]) <= most


def test_short_strings_are_the_same_in_both_views(preprocessor, request):
    rows = [TEXTS.index(text) for text in SHORT]
    assert len(rows) > 8
    for view_1, view_2 in all_views(preprocessor, request):
        for name in view_1:
            np.testing.assert_array_equal(
                view_1[name][rows], view_2[name][rows]
            )


def test_view_2_is_left_mask_right(preprocessor):
    mask_id = special_ids(preprocessor)["mask"]
    texts = [text for text in TEXTS if len(text) >= 30]
    wide = MirrorPreprocessor(preprocessor.tokenizer, 2000)
    left, right, is_masked = wide.span_masking.split(texts, seed=(3, 4))
    assert all(is_masked)
    _, view_2 = wide.views(texts, seed=(3, 4))
    # What follows the span begins a word.
    left = wide.tokenize([part.strip(string.whitespace) for part in left])
    right = wide.tokenize(
        [" " + part.strip(string.whitespace) for part in right]
    )
    for row, padding_mask, before, after in zip(
        view_2["token_ids"], view_2["padding_mask"], left, right, strict=True
    ):
        inside = row[: padding_mask.sum()].tolist()[1:-1]
        assert inside == [*before, mask_id, *after]
        assert inside.count(mask_id) == 1


def test_every_string_keeps_start_and_end(preprocessor, request):
    ids = special_ids(preprocessor)
    for views in all_views(preprocessor, request):
        for view in views:
            lengths = view["padding_mask"].sum(axis=1)
            assert lengths.min() >= 2 and lengths.max() == LENGTH
            rows = np.arange(len(TEXTS))
            assert (view["token_ids"][:, 0] == ids["start"]).all()
            assert (view["token_ids"][rows, lengths - 1] == ids["end"]).all()
            # Real tokens first, padding after.
            np.testing.assert_array_equal(
                view["padding_mask"], np.arange(LENGTH) < lengths[:, np.newaxis]
            )


def test_longer_texts_are_cut_at_the_right(bert):
    wide = MirrorPreprocessor(bert.tokenizer, 500)([LONG])["token_ids"][0]
    narrow = bert([LONG])["token_ids"][0]
    np.testing.assert_array_equal(narrow[:-1], wide[: LENGTH - 1])


def test_shortest_features(bert):
    layer = MirrorPreprocessor(bert.tokenizer, sequence_length=3)
    views = list(layer.views(TEXTS[:3]))
    if processes.tensorflow_is_installed():
        import tensorflow as tf

        dataset = tf.data.Dataset.from_tensors(TEXTS[:3]).map(layer.views)
        views.extend(next(dataset.as_numpy_iterator()))
    for view in views:
        assert view["token_ids"].shape == (3, 3)
        assert (view["token_ids"][:, -1] == special_ids(bert)["end"]).all()


def test_no_masking_gives_equal_views(preprocessor):
    layer = MirrorPreprocessor(preprocessor.tokenizer, LENGTH, span_length=0)
    assert layer.span_masking is None
    view_1, view_2 = layer.views(TEXTS)
    assert view_1 is not view_2
    assert_same_features(view_1, preprocessor(TEXTS))
    assert_same_features(view_2, view_1)


def test_no_masking_in_a_graph(bert):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    layer = MirrorPreprocessor(bert.tokenizer, LENGTH, span_length=0)
    dataset = tf.data.Dataset.from_tensors((TEXTS, tf.constant([1, 2])))
    view_1, view_2 = next(dataset.map(layer.views).as_numpy_iterator())
    assert_same_features(view_1, bert(TEXTS))
    assert_same_features(view_2, view_1)


def test_seeds_decide_the_spans(bert):
    views = [
        bert.views(TEXTS, seed=seed)[1] for seed in [(1, 2), (1, 2), (2, 1)]
    ]
    assert_same_features(views[0], views[1])
    assert (views[0]["token_ids"] != views[2]["token_ids"]).any()
    layers = [MirrorPreprocessor(bert.tokenizer, seed=5) for _ in range(2)]
    first, second = [
        [layer.views(TEXTS)[1]["token_ids"] for _ in range(2)]
        for layer in layers
    ]
    np.testing.assert_array_equal(first, second)
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize(
    ("family", "calls_python"), [("Bert", True), ("XLMRoberta", False)]
)
def test_graph_calls_python_to_tokenize_only(family, calls_python):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    layer = MirrorPreprocessor(tiny_models.tokenizer(family), LENGTH)
    spec = [tf.TensorSpec([None], "string"), tf.TensorSpec([2], "int64")]
    ops = references.graph_ops(layer.views, *spec)
    calls = [op for op in ops if "PyFunc" in op]
    assert calls == ["PyFuncStateless"] * calls_python


@pytest.mark.parametrize("family", ["Bert", "XLMRoberta"])
def test_seeding_between_making_and_mapping(family):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    tokenizer = tiny_models.tokenizer(family)
    layer = MirrorPreprocessor(tokenizer, LENGTH)
    expected = layer(TEXTS)
    keras.utils.set_random_seed(1)  # frees TensorFlow Text's resources
    dataset = tf.data.Dataset.from_tensors(TEXTS).map(
        lambda texts: layer(texts)
    )
    assert_same_features(next(dataset.as_numpy_iterator()), expected)
    assert_same_features(layer(TEXTS), expected)


# === Serialization ===


def test_config_round_trip(preprocessor):
    layer = MirrorPreprocessor(
        preprocessor.tokenizer, 12, span_length=3, seed=4, name="texts"
    )
    config = keras.saving.serialize_keras_object(layer)
    config = json.loads(json.dumps(config))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is MirrorPreprocessor
    assert again.name == "texts"
    assert (again.sequence_length, again.span_length, again.seed) == (12, 3, 4)
    assert again.span_masking.get_config()["span_length"] == 3
    assert type(again.tokenizer) is type(layer.tokenizer)
    assert again.get_config() == layer.get_config()


def test_saved_in_a_model_it_gives_the_same_ids(tmp_path):
    for family in ("Bert", "Roberta", "DebertaV3"):
        model = tiny_models.make_model(family)
        model.compile()
        path = str(tmp_path / f"{family}.keras")
        model.save(path)
        loaded = keras.saving.load_model(path).preprocessor
        expected = model.preprocessor.views(TEXTS, seed=(1, 2))
        views = loaded.views(TEXTS, seed=(1, 2))
        for view, expected_view in zip(views, expected, strict=True):
            assert_same_features(view, expected_view)


# === Invalid arguments ===


def gpt_2_tokenizer():
    vocabulary = {"<|endoftext|>": 0, "a": 1, "b": 2, "ab": 3}
    return keras_hub.models.GPT2Tokenizer(vocabulary, ["a b"])


def test_a_tokenizer_without_a_mask_is_refused():
    message = (
        "`tokenizer` must be a keras-hub tokenizer of a masked language "
        "model. Received: tokenizer=GPT2Tokenizer, which has no mask_token_id"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        MirrorPreprocessor(gpt_2_tokenizer())


def test_without_masking_no_mask_is_needed():
    layer = MirrorPreprocessor(gpt_2_tokenizer(), LENGTH, span_length=0)
    assert layer(["ab"])["padding_mask"].sum() == 3


@pytest.mark.parametrize("tokenizer", [None, "bert", str.split])
def test_what_is_no_tokenizer_is_refused(tokenizer):
    message = (
        f"Received: tokenizer={type(tokenizer).__name__}, which has no "
        "start_token_id, end_token_id, pad_token_id, mask_token_id"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        MirrorPreprocessor(tokenizer)


@pytest.mark.parametrize("sequence_length", [2, 0, -5, 24.0, "24", None, 10**6])
def test_sequence_length_out_of_range_is_refused(bert, sequence_length):
    message = (
        "`sequence_length` must be an integer of 3 to 100000. "
        f"Received: sequence_length={sequence_length!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        MirrorPreprocessor(bert.tokenizer, sequence_length)


@pytest.mark.parametrize("span_length", [-1, 2.5, "5"])
def test_span_length_out_of_range_is_refused(bert, span_length):
    message = (
        "`span_length` must be a positive integer. "
        f"Received: span_length={span_length!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        MirrorPreprocessor(bert.tokenizer, LENGTH, span_length)


@pytest.mark.parametrize(
    "item", [None, 3, float("nan"), b"two", ["two"], ("two",)]
)
def test_elements_that_are_no_strings_are_refused(bert, item):
    message = (
        f"Texts must be strings. Received: {item!r} of type "
        f"{type(item).__name__} at index 1"
    )
    for function in (bert, bert.views, bert.tokenize):
        with pytest.raises(TypeError, match=re.escape(message)):
            function(["one", item])


@pytest.mark.parametrize("texts", [None, 3, b"one", {"one": 1}])
def test_what_holds_no_strings_is_refused(bert, texts):
    message = (
        "Texts must be a string or a list of strings. "
        f"Received: {texts!r} of type {type(texts).__name__}"
    )
    for function in (bert, bert.views, bert.tokenize):
        with pytest.raises(TypeError, match=re.escape(message)):
            function(texts)
