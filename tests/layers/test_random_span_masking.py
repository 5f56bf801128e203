import json
import re
import string
import unicodedata

import keras
import numpy as np
import pytest
import scipy.stats
from support import processes
from support import references

from keras_mirror.layers import RandomSpanMasking

REASON = "masks in the graph of a tf.data pipeline"

# 37 different characters: where a span began can be read off the result.
ALPHABET = "".join(chr(0x4E00 + number) for number in range(37))
NUM_STARTS = len(ALPHABET) - 5 + 1

STRINGS = [
    "A man is playing a guitar on a stage.",
    "雪の中を二匹の犬が走っています。とても元気です。今日は寒い日です。",
    "👩‍🚀😀🇩🇪👍🏽 emoji of one, two, four and more code points 👨‍👩‍👧‍👦",
    "e\u0301" * 20,
    unicodedata.normalize("NFD", "Ångström café naïve crêpe brûlée señor"),
    "שלום עולם, this goes from right to left and back again",
    "\U00010348\U0001d518\U0010ffff" * 12,
    "a line\nthen another\r\n and\ttabs, \x0b and \u2028 and \u00a0 spaces",
    "with [MASK] and </s> and \\ and (.*) and $1 in the text already",
    "x" * 1000,
    "exactly thirty characters long",
    "twenty-nine characters long..",
    "short",
    "é",
    " ",
    "",
]
MASKED = [len(text) >= 30 for text in STRINGS]

UNIFORMS = [0.0, 1e-12, 0.25, 0.5, 0.999, np.nextafter(1.0, 0.0)]


def decode(tensor):
    return [text.decode("utf-8") for text in np.ravel(tensor.numpy())]


def split_in_graph(layer, texts, seed):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    dataset = tf.data.Dataset.from_tensors((texts, tf.constant(seed)))
    left, right, is_masked = next(iter(dataset.map(layer.split)))
    return decode(left), decode(right), is_masked.numpy().tolist()


def map_strings(layer, texts, batch_size=None):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    dataset = tf.data.Dataset.from_tensor_slices(texts)
    dataset = dataset.batch(batch_size) if batch_size else dataset
    return dataset.map(layer)


def strings_of(dataset):
    return [text for element in dataset for text in decode(element)]


def assert_is_masked(text, masked, span_length=5, mask_token="[MASK]"):
    """Exactly `span_length` characters at one place gave way to the mask."""
    assert len(masked) == len(text) - span_length + len(mask_token)
    assert any(
        masked == text[:start] + mask_token + text[start + span_length :]
        for start in range(len(text) - span_length + 1)
    )


# === Basics ===


def test_a_string_in_a_string_out():
    text = STRINGS[0]
    assert_is_masked(text, RandomSpanMasking()(text))


@pytest.mark.parametrize("make", [list, tuple, np.array])
def test_strings_in_a_list_out(make):
    masked = RandomSpanMasking()(make(STRINGS[:3]))
    assert isinstance(masked, list)
    for text, result in zip(STRINGS[:3], masked, strict=True):
        assert_is_masked(text, result)


def test_no_strings():
    assert RandomSpanMasking()([]) == []


@pytest.mark.parametrize("shape", [(), (6,), (2, 3), (1, 3, 2), (0,)])
def test_string_tensors_of_any_shape(shape):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    texts = tf.fill(shape, STRINGS[1])
    masked = RandomSpanMasking()(texts)
    assert masked.shape == shape and masked.dtype == tf.string
    for result in decode(masked):
        assert_is_masked(STRINGS[1], result)


def test_has_no_weights_and_keeps_shapes():
    layer = RandomSpanMasking()
    layer(STRINGS[0])
    assert layer.weights == []
    assert layer.compute_output_shape((None,)) == (None,)


# === Correctness ===


@pytest.mark.parametrize("span_length", [1, 2, 5, 29])
@pytest.mark.parametrize("mask_token", ["[MASK]", "<mask>", "", "雪"])
def test_exactly_the_span_vanishes(span_length, mask_token):
    layer = RandomSpanMasking(span_length, mask_token, seed=0)
    results = [layer(STRINGS)]
    if processes.tensorflow_is_installed():
        results.append(strings_of(map_strings(layer, STRINGS)))
        results.append(strings_of(map_strings(layer, STRINGS, 5)))
    for masked in results:
        for text, result, is_masked in zip(
            STRINGS, masked, MASKED, strict=True
        ):
            if is_masked:
                assert_is_masked(text, result, span_length, mask_token)
            else:
                assert result == text


@pytest.mark.parametrize("seed", range(5))
def test_starts_are_equally_likely(seed):
    layer = RandomSpanMasking(seed=seed)
    lefts, _, _ = layer.split([ALPHABET] * 300 * NUM_STARTS)
    counts = np.bincount([len(left) for left in lefts], minlength=NUM_STARTS)
    assert len(counts) == NUM_STARTS
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_starts_are_equally_likely_in_the_graph(seed):
    lefts, _, _ = split_in_graph(
        RandomSpanMasking(), [ALPHABET] * 300 * NUM_STARTS, (seed, 7)
    )
    counts = np.bincount([len(left) for left in lefts], minlength=NUM_STARTS)
    assert len(counts) == NUM_STARTS
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_starts_are_equally_likely_without_a_seed_in_the_graph():
    layer = RandomSpanMasking(seed=0)
    dataset = map_strings(layer, [ALPHABET] * 300 * NUM_STARTS, 1000)
    starts = [text.index("[MASK]") for text in strings_of(dataset)]
    counts = np.bincount(starts, minlength=NUM_STARTS)
    assert len(counts) == NUM_STARTS
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_each_character_is_masked_with_its_probability():
    # Ends are covered by fewer spans: 1, 2, 3, 4, then 5 of the 33.
    num_draws = 30000
    lefts, _, _ = RandomSpanMasking(seed=0).split([ALPHABET] * num_draws)
    starts = np.array([len(left) for left in lefts])[:, np.newaxis]
    places = np.arange(len(ALPHABET))
    is_covered = (starts <= places) & (places < starts + 5)
    ramp = np.minimum(places + 1, len(ALPHABET) - places)
    expected = np.minimum(ramp, 5) / NUM_STARTS
    error = np.sqrt(expected * (1 - expected) / num_draws)
    assert (np.abs(is_covered.mean(axis=0) - expected) < 4.5 * error).all()


def test_strings_of_a_batch_are_drawn_apart():
    masked = RandomSpanMasking(seed=0)([ALPHABET] * 50)
    assert len(set(masked)) > 10


def test_spans_of_different_texts_do_not_depend_on_each_other():
    layer = RandomSpanMasking(seed=0)
    lefts, _, _ = layer.split([ALPHABET, ALPHABET] * 5000)
    first, second = [len(left) for left in lefts][::2], lefts[1::2]
    correlation = np.corrcoef(first, [len(left) for left in second])[0, 1]
    assert abs(correlation) < 0.05


def test_the_borders_of_the_draw_are_the_ends_of_the_text():
    layer = RandomSpanMasking()
    lefts, rights, _ = layer._split_texts([ALPHABET] * 2, UNIFORMS[::5])
    assert lefts == ["", ALPHABET[:-5]]
    assert rights == [ALPHABET[5:], ""]


@pytest.mark.parametrize("length", [30, 31, 32, 33, 36, 63, 64, 68, 128])
@pytest.mark.parametrize("span_length", [1, 5])
def test_largest_draw_is_the_last_start(length, span_length):
    # Rounding up would leave too short a span, at powers of two first.
    layer = RandomSpanMasking(span_length)
    largest = [np.nextafter(1.0, 0.0)]
    [left], [right], _ = layer._split_texts(["x" * length], largest)
    assert (len(left), right) == (length - span_length, "")


@pytest.mark.parametrize("uniform", UNIFORMS)
@pytest.mark.parametrize("span_length", [1, 5, 29, 31])
def test_graph_equals_python_for_equal_draws(uniform, span_length):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    layer = RandomSpanMasking(span_length)
    uniforms = np.full(len(STRINGS), uniform)
    expected = layer._split_texts(STRINGS, uniforms)
    # As one batch, and string by string.
    batch = layer._split_tensor(tf.constant(STRINGS), tf.constant(uniforms))
    assert (decode(batch[0]), decode(batch[1])) == expected[:2]
    assert batch[2].numpy().tolist() == expected[2]
    for text, left, right in zip(STRINGS, *expected[:2], strict=True):
        single = layer._split_tensor(
            tf.constant(text), tf.constant(uniform, "float64")
        )
        assert decode(single[0]) == [left] and decode(single[1]) == [right]


def test_parts_and_span_make_the_text():
    layer = RandomSpanMasking(seed=0)
    splits = [layer.split(STRINGS), layer.split(STRINGS, seed=(1, 2))]
    if processes.tensorflow_is_installed():
        splits.append(split_in_graph(layer, STRINGS, (1, 2)))
    for parts in splits:
        for text, left, right, is_masked in zip(STRINGS, *parts, strict=True):
            assert text.startswith(left) and text.endswith(right)
            span_length = 5 if is_masked else 0
            assert len(left) + span_length + len(right) == len(text)
        assert list(parts[2]) == MASKED


@pytest.mark.parametrize("min_length", [0, 6, 29, 30, 31, 60])
def test_shorter_strings_stay(min_length):
    layer = RandomSpanMasking(min_length=min_length)
    texts = ["x" * length for length in range(64)]
    expected = [len(text) >= max(min_length, 6) for text in texts]
    assert layer.split(texts)[2] == expected
    assert [
        text != left for text, left in zip(texts, layer(texts), strict=True)
    ] == expected
    if processes.tensorflow_is_installed():
        assert split_in_graph(layer, texts, (0, 0))[2] == expected


def test_length_is_counted_in_characters_not_bytes():
    snow = "雪" * 29  # 87 bytes
    assert RandomSpanMasking()(snow) == snow
    if processes.tensorflow_is_installed():
        assert strings_of(map_strings(RandomSpanMasking(), [snow])) == [snow]


@pytest.mark.parametrize("length", [30, 39, 40, 41])
def test_a_span_never_swallows_the_whole_text(length):
    layer = RandomSpanMasking(span_length=40)
    text = (string.ascii_letters * 2)[:length]
    assert layer.split([text])[2] == [length > 40]
    if processes.tensorflow_is_installed():
        assert split_in_graph(layer, [text], (0, 0))[2] == [length > 40]
    if length <= 40:
        assert layer(text) == text


def test_a_seed_repeats_and_calls_differ():
    layers = [RandomSpanMasking(seed=3), RandomSpanMasking(seed=3)]
    first, second = [[layer(STRINGS) for _ in range(3)] for layer in layers]
    assert first == second
    assert first[0] != first[1] != first[2]
    assert RandomSpanMasking(seed=4)(STRINGS) != first[0]


def test_layers_without_a_seed_differ():
    texts = [ALPHABET] * 20
    assert RandomSpanMasking()(texts) != RandomSpanMasking()(texts)


@pytest.mark.parametrize("batch_size", [None, 8])
def test_a_seed_repeats_and_epochs_differ(batch_size):
    texts = [ALPHABET] * 20
    epochs = []
    for _ in range(2):
        layer = RandomSpanMasking(seed=3)
        dataset = map_strings(layer, texts, batch_size)
        epochs.append([strings_of(dataset), strings_of(dataset)])
    assert epochs[0] == epochs[1]
    assert epochs[0][0] != epochs[0][1]


def test_a_seed_repeats_for_tensors_outside_of_a_graph():
    tf = pytest.importorskip("tensorflow", reason=REASON)
    texts = tf.constant([ALPHABET] * 20)
    first, second = [
        [decode(layer(texts)) for _ in range(2)]
        for layer in (RandomSpanMasking(seed=3), RandomSpanMasking(seed=3))
    ]
    assert first == second
    assert first[0] != first[1]


def test_seed_of_a_split_alone_decides():
    layers = [RandomSpanMasking(seed=1), RandomSpanMasking(seed=2)]
    texts = [ALPHABET] * 20
    assert layers[0].split(texts, (5, 6)) == layers[1].split(texts, (5, 6))
    assert layers[0].split(texts, (5, 6)) != layers[0].split(texts, (6, 5))
    if processes.tensorflow_is_installed():
        split = [split_in_graph(layer, texts, (5, 6)) for layer in layers]
        assert split[0] == split[1]
        assert split[0] != split_in_graph(layers[0], texts, (6, 5))


def test_graph_has_no_python():
    tf = pytest.importorskip("tensorflow", reason=REASON)
    layer = RandomSpanMasking()
    spec = tf.TensorSpec([None], tf.string)
    for function in (layer, layer.split):
        ops = references.graph_ops(function, spec)
        assert "Substr" in ops
        assert not {op for op in ops if "PyFunc" in op or "While" in op}


# === Serialization ===


def test_config_round_trip():
    layer = RandomSpanMasking(3, "<mask>", 12, seed=9, name="masking")
    config = keras.saving.serialize_keras_object(layer)
    config = json.loads(json.dumps(config))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is RandomSpanMasking
    assert again.get_config() == layer.get_config()
    assert (again.span_length, again.mask_token) == (3, "<mask>")
    assert (again.min_length, again.seed) == (12, 9)
    assert dir(again) == dir(layer)
    assert again(STRINGS) == layer(STRINGS)


def test_defaults_are_the_papers():
    config = RandomSpanMasking().get_config()
    assert config["span_length"] == 5
    assert config["min_length"] == 30
    assert config["mask_token"] == "[MASK]"
    assert config["seed"] is None


# === Invalid arguments ===


@pytest.mark.parametrize("span_length", [0, -1, 2.0, "5", None])
def test_span_length_must_be_positive(span_length):
    message = (
        "`span_length` must be a positive integer. "
        f"Received: span_length={span_length!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RandomSpanMasking(span_length)


@pytest.mark.parametrize("min_length", [-1, 30.0, "30", None])
def test_min_length_must_not_be_negative(min_length):
    message = (
        "`min_length` must be an integer, 0 or more. "
        f"Received: min_length={min_length!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RandomSpanMasking(min_length=min_length)


@pytest.mark.parametrize("mask_token", [None, 103, b"[MASK]"])
def test_mask_token_must_be_a_string(mask_token):
    message = (
        f"`mask_token` must be a string. Received: mask_token={mask_token!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        RandomSpanMasking(mask_token=mask_token)
