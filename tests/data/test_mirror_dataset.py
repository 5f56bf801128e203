import collections
import inspect
import pathlib
import re
import warnings

import keras
import numpy as np
import pytest
from support import models
from support import processes
from support import texts as corpora

from keras_mirror import MirrorPreprocessor
from keras_mirror import mirror_dataset
from keras_mirror.data import Corpus
from keras_mirror.data import as_strings
from keras_mirror.data.numpy_mirror_dataset import NumpyMirrorDataset
from keras_mirror.data.read_corpus import is_strings
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.data.read_corpus import taken_apart
from keras_mirror.layers import RandomSpanMasking
from keras_mirror.preprocessing import padding
from keras_mirror.preprocessing.prompts import Prompts
from keras_mirror.recipes import get_recipe

STRINGS = [f"a sentence of the corpus, its number is {n}." for n in range(20)]

needs_tensorflow = pytest.mark.skipif(
    not processes.tensorflow_is_installed(), reason="tf.data"
)


@pytest.fixture(scope="module")
def real_preprocessor():
    tokenizer = models.tokenizer("Bert")
    return MirrorPreprocessor(tokenizer, sequence_length=64)


class TextPreprocessor:
    """Makes views that are still text: quick, and easy to compare."""

    tokenizer = None

    def __init__(self):
        self.masking = RandomSpanMasking()
        self.recipe = get_recipe("sentence")
        self.prompts = Prompts()
        self.max_text_tokens = 48

    def share_unknown(self, token_ids):
        return 0.0

    def tokenize(self, texts):
        return [text.split() for text in texts]

    def count_tokens(self, texts):
        return np.array([len(ids) for ids in self.tokenize(texts)])

    def views(self, texts, seed, partners=None):
        partners = texts if partners is None else partners
        left, right, _ = self.masking.split(partners, seed)
        if isinstance(texts, list):
            view_2 = [f"{a}*{b}" for a, b in zip(left, right, strict=True)]
        else:
            view_2 = left + "*" + right
        return {"text": texts}, {"text": view_2}


@pytest.fixture
def preprocessor():
    return TextPreprocessor()


@pytest.fixture
def corpus_file(tmp_path):
    def write(lines, name="corpus.txt", end="\n"):
        path = tmp_path / name
        path.write_bytes("".join(line + end for line in lines).encode())
        return str(path)

    return write


def epoch(dataset):
    """The texts of all batches: an array (batch, view, string)."""
    if isinstance(dataset, keras.utils.PyDataset):
        dataset.on_epoch_begin()
        batches = [dataset[index] for index in range(len(dataset))]
        dataset.on_epoch_end()
    else:
        batches = list(dataset.as_numpy_iterator())
    texts = [[view["text"] for view in views] for views in batches]
    texts = np.array(texts, dtype=object)
    return np.vectorize(as_text, otypes=[object])(texts)


def as_text(text):
    return text.decode("utf-8") if isinstance(text, bytes) else text


def first_views(dataset):
    return epoch(dataset)[:, 0].ravel().tolist()


# === Basics ===


def test_batches_of_two_views(real_preprocessor, kind, monkeypatch):
    monkeypatch.setattr(padding, "compiles_every_shape", lambda: True)
    dataset = mirror_dataset(STRINGS, real_preprocessor, batch_size=8, seed=0)
    assert isinstance(dataset, NumpyMirrorDataset) == (kind == "numpy")
    assert len(dataset) == 2
    view_1, view_2 = dataset[0] if kind == "numpy" else next(iter(dataset))
    for view in (view_1, view_2):
        assert set(view) == {"token_ids", "padding_mask", "string_ids"}
        for name, feature in view.items():
            assert feature.shape == (8, 48)[: 1 if name == "string_ids" else 2]
            assert np.asarray(feature).dtype == "int32"


def test_default_batch_size_is_the_papers(preprocessor, kind):
    dataset = mirror_dataset(corpora.texts(450), preprocessor)
    assert epoch(dataset).shape[:3] == (2, 2, 200)


def test_strings_are_there_once_in_their_order(preprocessor, kind):
    dataset = mirror_dataset(STRINGS, preprocessor, 5, shuffle=False)
    assert first_views(dataset) == STRINGS
    assert first_views(dataset) == STRINGS


def test_incomplete_last_batch_is_left_out(preprocessor, kind):
    dataset = mirror_dataset(STRINGS, preprocessor, 8, shuffle=False)
    assert first_views(dataset) == STRINGS[:16]


def test_shuffling_leaves_others_out_each_epoch(preprocessor, kind):
    dataset = mirror_dataset(STRINGS, preprocessor, 8, seed=0)
    epochs = [set(first_views(dataset)) for _ in range(20)]
    everything = set(STRINGS)
    assert all(len(rows) == 16 and rows < everything for rows in epochs)
    assert set.union(*epochs) == everything


def test_view_2_is_view_1_without_a_span(preprocessor, kind):
    view_1, view_2 = epoch(mirror_dataset(STRINGS, preprocessor, 20))[0]
    for text, masked in zip(view_1, view_2, strict=True):
        left, right = masked.split("*")
        assert text.startswith(left) and text.endswith(right)
        assert len(left) + 5 + len(right) == len(text)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_seed_repeats_and_epochs_differ(preprocessor, kind, shuffle):
    options = dict(batch_size=5, shuffle=shuffle, seed=3)
    first, second = [], []
    for epochs in (first, second):
        dataset = mirror_dataset(STRINGS, preprocessor, **options)
        epochs.extend(epoch(dataset) for _ in range(3))
    np.testing.assert_array_equal(first, second)
    for one, other in [(0, 1), (0, 2), (1, 2)]:
        assert (first[one][:, 1] != first[other][:, 1]).any()  # other spans
        same_order = (first[one][:, 0] == first[other][:, 0]).all()
        assert same_order != shuffle


def test_other_seeds_give_other_batches(preprocessor, kind):
    epochs = [
        epoch(mirror_dataset(STRINGS, preprocessor, 5, seed=seed))
        for seed in (0, 1, None, None)
    ]
    for index, one in enumerate(epochs):
        for other in epochs[:index]:
            assert (one[:, 0] != other[:, 0]).any()


def test_every_order_is_a_permutation_and_moves_everything(preprocessor, kind):
    dataset = mirror_dataset(STRINGS, preprocessor, 20, seed=0)
    expected = STRINGS
    places = []
    for _ in range(30):
        rows = first_views(dataset)
        assert sorted(rows) == sorted(expected)
        places.append(rows.index(expected[0]))
    assert min(places) < 5 and max(places) > 14


def test_strings_of_a_batch_have_similar_lengths(preprocessor, kind):
    strings = [f"{n} " * (n % 4 + 1) for n in range(40)]
    strings = [text.strip() for text in strings]

    def numbers_of_lengths(**options):
        dataset = mirror_dataset(strings, preprocessor, 10, seed=0, **options)
        views = epoch(dataset)[:, 0]
        assert sorted(views.ravel()) == sorted(strings)
        return [len({len(text.split()) for text in batch}) for batch in views]

    assert numbers_of_lengths() == [1, 1, 1, 1]
    assert min(numbers_of_lengths(group_by_length=False)) > 1
    assert min(numbers_of_lengths(shuffle=False)) > 1


# === The recipe ===


def numbers_of_lengths(model):
    """Different lengths in each batch of short and of long strings."""
    strings = [*STRINGS, *[f"a dog {number}" for number in range(20)]]
    dataset = mirror_dataset(strings, model.preprocessor, seed=0)
    batches = dataset
    if isinstance(dataset, NumpyMirrorDataset):
        batches = (dataset[index] for index in range(len(dataset)))
    masks = [np.asarray(view["padding_mask"]) for view, _ in batches]
    assert [len(mask) for mask in masks] == [10] * 4
    return [len(set(mask.sum(axis=1) > 8)) for mask in masks]


@pytest.mark.parametrize(
    "recipe, expected", [("sentence", [1]), ("paper_sentence", [2])]
)
def test_batches_are_those_of_the_models_recipe(
    kind, recipe, expected, tmp_path
):
    model = models.make_model(recipe=recipe, batch_size=10)
    assert numbers_of_lengths(model) == expected * 4
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert loaded.preprocessor.recipe == model.recipe
    assert numbers_of_lengths(loaded) == expected * 4


def test_a_preprocessor_without_a_model_has_the_default_recipe(
    real_preprocessor,
):
    assert real_preprocessor.recipe == get_recipe("sentence")


# === Pairs ===

PAIRS = [(text, f"{text} with a partner") for text in STRINGS]


def both_views(dataset):
    """The pairs of an epoch, the masked side without its star."""
    batches = np.moveaxis(epoch(dataset), 1, 2).reshape(-1, 2)
    return [tuple(texts) for texts in batches.tolist()]


def is_masked(masked, text):
    left, right = masked.split("*")
    return text.startswith(left) and text.endswith(right) and masked != text


@pytest.mark.parametrize("from_file", [True, False])
def test_pairs_and_strings_together(preprocessor, kind, corpus_file, from_file):
    source = [*PAIRS[:9], *STRINGS[9:18], PAIRS[0], PAIRS[9]]
    if from_file:
        lines = [t if isinstance(t, str) else "\t".join(t) for t in source]
        source = corpus_file(lines)
    dataset = mirror_dataset(
        source, preprocessor, 19, shuffle=False, pairs=True
    )
    views = both_views(dataset)
    expected = [*PAIRS[:9], *zip(STRINGS[9:18], STRINGS[9:18], strict=True)]
    expected.append(PAIRS[9])
    assert [first for first, _ in views] == [first for first, _ in expected]
    for (_, masked), (_, partner) in zip(views, expected, strict=True):
        assert is_masked(masked, partner)


@pytest.mark.parametrize("group_by_length", [True, False])
def test_partners_stay_together_when_shuffled(
    preprocessor, kind, group_by_length
):
    dataset = mirror_dataset(
        PAIRS, preprocessor, 5, seed=0, group_by_length=group_by_length
    )
    views = both_views(dataset)
    assert sorted(first for first, _ in views) == sorted(STRINGS)
    partners = dict(PAIRS)
    assert all(is_masked(masked, partners[first]) for first, masked in views)


def test_lengths_of_pairs_are_their_longer_texts(preprocessor, kind):
    pairs = [(f"{n}", f"{n} " * (n % 4 + 2)) for n in range(40)]
    pairs = [pair if n % 3 else pair[::-1] for n, pair in enumerate(pairs)]
    dataset = mirror_dataset(pairs, preprocessor, 10, seed=0)
    for batch in epoch(dataset):
        lengths = {
            max(len(text.split()) for text in texts) for texts in batch.T
        }
        assert len(lengths) <= 2  # a masked span may take a word away


def test_tabs_are_text_unless_told(preprocessor, kind, corpus_file):
    lines = ["\t".join(pair) for pair in PAIRS]
    dataset = mirror_dataset(corpus_file(lines), preprocessor, 5, shuffle=False)
    assert first_views(dataset) == lines


# === Sources ===


def test_a_path(preprocessor, kind, corpus_file):
    path = corpus_file(STRINGS)
    for source in (path, pathlib.Path(path), [path], (pathlib.Path(path),)):
        dataset = mirror_dataset(source, preprocessor, 5, shuffle=False)
        assert first_views(dataset) == STRINGS


def test_a_path_of_another_encoding(preprocessor, kind, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(STRINGS), "utf-16")
    with pytest.raises(ValueError, match="begins like UTF-16"):
        mirror_dataset(path, preprocessor, 5)
    dataset = mirror_dataset(
        path, preprocessor, 5, shuffle=False, encoding="utf-16"
    )
    assert first_views(dataset) == STRINGS


def test_several_paths(preprocessor, kind, corpus_file):
    paths = [corpus_file(STRINGS[:7], "1"), corpus_file(STRINGS[7:], "2")]
    dataset = mirror_dataset(paths, preprocessor, 5, shuffle=False)
    assert first_views(dataset) == STRINGS


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_do_not_matter(preprocessor, kind, corpus_file, end):
    path = corpus_file(["\ufeff" + STRINGS[0], *STRINGS[1:]], end=end)
    dataset = mirror_dataset(path, preprocessor, 5, shuffle=False)
    assert first_views(dataset) == STRINGS


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        np.array,
        lambda strings: np.array(strings, dtype=object),
        lambda strings: np.array([text.encode() for text in strings]),
        Corpus,
    ],
)
def test_strings_of_every_kind(preprocessor, kind, make):
    dataset = mirror_dataset(make(STRINGS), preprocessor, 5, shuffle=False)
    assert first_views(dataset) == STRINGS


@needs_tensorflow
@pytest.mark.parametrize("batch_size", [None, 6])
def test_a_dataset_of_strings(preprocessor, batch_size):
    import tensorflow as tf

    source = tf.data.Dataset.from_tensor_slices(STRINGS + ["é", "é", " "])
    source = source.batch(batch_size) if batch_size else source
    dataset = mirror_dataset(source, preprocessor, 7, shuffle=False)
    assert first_views(dataset) == [*STRINGS, "é"]


@needs_tensorflow
@pytest.mark.parametrize("batch_size", [None, 2])
def test_a_dataset_with_a_final_nul_counts_it(preprocessor, batch_size):
    import tensorflow as tf

    source = tf.data.Dataset.from_tensor_slices(["one", "two", "three\0"])
    source = source.batch(batch_size) if batch_size else source
    dataset = mirror_dataset(source, preprocessor, 2, shuffle=False)
    assert first_views(dataset) == ["one", "two"]


def test_strings_of_which_only_some_name_files_are_texts(
    preprocessor, kind, corpus_file
):
    strings = [corpus_file(STRINGS), "a man plays"]
    dataset = mirror_dataset(strings, preprocessor, 2, shuffle=False)
    assert first_views(dataset) == strings


@pytest.mark.parametrize("name", ["missing.txt", "missing.de"])
@pytest.mark.parametrize("as_path", [str, pathlib.Path])
def test_a_missing_path_is_no_text(preprocessor, tmp_path, name, as_path):
    path = tmp_path / name.replace("missing", "corpus")
    path.write_text("one\ntwo\n")
    for names in ([path, name], [name, path], ["missing.csv"] * 2):
        paths = [as_path(name) for name in names]
        with pytest.raises(
            FileNotFoundError, match="'missing.*, which is missing"
        ):
            mirror_dataset(paths, preprocessor, 2)


def test_an_array_is_never_paths(preprocessor, kind, corpus_file):
    strings = [corpus_file(STRINGS, "1"), corpus_file(STRINGS, "2")]
    source = np.array(strings)
    dataset = mirror_dataset(source, preprocessor, 2, shuffle=False)
    assert first_views(dataset) == strings


def test_duplicates_are_dropped_or_not(preprocessor, kind):
    strings = ["one", "two", "one", " two ", "three", "\t"]
    dataset = mirror_dataset(strings, preprocessor, 3, shuffle=False)
    assert first_views(dataset) == ["one", "two", "three"]
    dataset = mirror_dataset(
        strings, preprocessor, 5, shuffle=False, drop_duplicates=False
    )
    assert first_views(dataset) == ["one", "two", "one", "two", "three"]


def test_a_line_of_a_megabyte(real_preprocessor, kind, corpus_file):
    path = corpus_file(["word " * 200_000, "a short one"])
    dataset = mirror_dataset(path, real_preprocessor, 2, shuffle=False)
    for view in dataset[0] if kind == "numpy" else next(iter(dataset)):
        assert np.asarray(view["padding_mask"]).sum(axis=1).tolist()[0] == 64


# === Invalid arguments ===


@pytest.mark.parametrize("num_strings", [2, 4])
def test_a_corpus_smaller_than_a_batch_is_one_batch(
    preprocessor, kind, num_strings
):
    message = (
        f"The corpus has {num_strings} usable strings, fewer than "
        f"batch_size=5: an epoch will be one batch of {num_strings}."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as record:
        dataset = mirror_dataset(STRINGS[:num_strings], preprocessor, 5)
    assert record[0].filename == __file__
    assert epoch(dataset).shape[:3] == (1, 2, num_strings)


def test_a_corpus_of_one_batch_is_no_reason_to_warn(preprocessor, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(mirror_dataset(STRINGS, preprocessor, 20)) == 1


@pytest.mark.parametrize(
    "strings, num_usable",
    [([], 0), (["", " "], 0), (["one"], 1), (["one", "one "], 1), (["\0"], 0)],
)
def test_too_few_strings_are_refused(
    preprocessor, kind, strings, num_usable, corpus_file
):
    message = (
        "Mirror fine-tuning needs at least two different strings. "
        f"Received: {num_usable} usable string(s)"
    )
    for source in (strings, np.array(strings, object), corpus_file(strings)):
        with pytest.raises(ValueError, match=re.escape(message)):
            mirror_dataset(source, preprocessor)


def test_missing_files_are_refused(preprocessor, kind, tmp_path, corpus_file):
    missing = tmp_path / "missing.txt"
    message = (
        f"A text file is expected. Received: '{missing}', which is missing"
    )
    path = pathlib.Path(corpus_file(STRINGS))
    for source in (str(missing), missing, [path, missing]):
        with pytest.raises(FileNotFoundError, match=re.escape(message)):
            mirror_dataset(source, preprocessor)


def test_a_text_in_place_of_a_path_is_refused(preprocessor, kind):
    message = "A text file is expected. Received: 'A man plays.', which is"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        mirror_dataset("A man plays.", preprocessor)


def test_invalid_utf_8_is_refused(preprocessor, kind, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_bytes(b"one\ntwo\xff\n")
    message = f"{path}, line 2 is not UTF-8: invalid start byte at byte 3."
    with pytest.raises(ValueError, match=re.escape(message)):
        mirror_dataset(path, preprocessor)


def test_elements_that_are_no_strings_are_refused(preprocessor, kind):
    """More of them: test_corpus.py."""
    message = "Texts must be strings. Received: nan of type float at index 1"
    with pytest.raises(TypeError, match=re.escape(message)):
        mirror_dataset(["one", float("nan")], preprocessor)


def test_nested_strings_are_refused(preprocessor, kind):
    nested = [["one", "two"], ["three", "four"]]
    message = (
        "Texts must be strings. Received: ['one', 'two'] of type list at "
        "index 0"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        mirror_dataset(nested, preprocessor)


@pytest.mark.parametrize("source", [b"one", {"one": 1}])
def test_what_is_no_column_is_refused(preprocessor, kind, source):
    """More of them: test_corpus.py."""
    message = "Texts must be a string or a list of strings. Received: "
    with pytest.raises(TypeError, match=re.escape(f"{message}{source!r} of")):
        mirror_dataset(source, preprocessor)


@pytest.mark.parametrize("source", [None, 3])
def test_other_sources_are_refused(preprocessor, kind, source):
    message = (
        "`source` must be a path, several paths, strings, or a "
        "`tf.data.Dataset` of strings. "
        f"Received: {type(source).__name__}"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        mirror_dataset(source, preprocessor)


@needs_tensorflow
def test_other_datasets_are_refused(preprocessor):
    import tensorflow as tf

    make = tf.data.Dataset.from_tensor_slices
    for source in (make([1, 2]), make((STRINGS, STRINGS)), make({"a": ["b"]})):
        with pytest.raises(TypeError, match="`source` must be a path"):
            mirror_dataset(source, preprocessor)


@needs_tensorflow
@pytest.mark.parametrize("batch_size", [None, 2])
def test_an_endless_dataset_is_refused(preprocessor, batch_size):
    import tensorflow as tf

    source = tf.data.Dataset.from_tensor_slices(STRINGS).repeat()
    source = source.batch(batch_size) if batch_size else source
    message = (
        "`source` must be finite: it is read into memory. "
        "Received: a repeated `tf.data.Dataset`. Use `take()`"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        mirror_dataset(source, preprocessor)
    dataset = mirror_dataset(source.take(3), preprocessor, 2)
    assert len(dataset) >= 1


@pytest.mark.parametrize("batch_size", [1, 0, -5, 2.0, "8", True])
def test_batch_size_must_hold_negatives(preprocessor, kind, batch_size):
    message = (
        "`batch_size` must be an integer of 2 or more: the other strings of "
        f"a batch are the negatives. Received: batch_size={batch_size!r}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        mirror_dataset(STRINGS, preprocessor, batch_size)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_what_is_no_seed(preprocessor, seed):
    message = rf"^`seed` must be an integer, 0 or more. Received: seed={seed!r}"
    with pytest.raises(ValueError, match=message):
        mirror_dataset(STRINGS, preprocessor, 5, seed=seed)


# === is_strings ===


def test_strings_are_told_from_features():
    features = {"token_ids": np.zeros((2, 4), "int32")}
    for strings in (STRINGS, tuple(STRINGS), np.array(STRINGS), Corpus([])):
        assert is_strings(strings)
    assert is_strings(np.array(STRINGS, dtype=object))
    assert is_strings(np.array([b"one"]))
    assert is_strings("corpus.txt")
    for other in (None, features, (features, features), np.zeros(3), 3):
        assert not is_strings(other)


def test_mistaken_strings_reach_the_check_of_strings():
    records = [{"text": "one"}, {"text": "two"}]
    for mistake in ([], [None], [3, "one"], [["one"], ["two"]], records):
        assert is_strings(mistake)
    for mistake in (b"one", {"text": ["one"]}, [("one", None)]):
        assert is_strings(mistake)


def test_columns_of_every_library_are_strings():
    pandas = pytest.importorskip("pandas", reason="a column of pandas")
    arrow = pytest.importorskip("pyarrow", reason="a column of Arrow")
    table = arrow.table({"text": arrow.chunked_array([["one"], ["two"]])})
    strings = ["one", "two"]
    for column in (
        table["text"],
        arrow.array(strings).dictionary_encode(),
        np.array(strings, np.dtypes.StringDType()),
        pandas.Series(strings, dtype="category"),
        collections.UserList(strings),  # as the columns of `datasets`
    ):
        assert is_strings(column)
        assert read_corpus(column).strings == as_strings(column) == strings
    assert is_strings(pandas.Series([None, "one"], dtype="string"))
    assert is_strings(table)


def test_strings_of_generators_and_before_no_labels():
    strings = ["one", "two"]
    for given in (iter(strings), (text for text in strings), (strings, None)):
        assert taken_apart(given) == strings
    views = ({"token_ids": np.zeros((2, 4))},) * 2
    taken = taken_apart(views for _ in range(3))
    assert inspect.isgenerator(taken) and list(taken) == [views] * 3
    for other in (strings, tuple(strings), views):
        assert taken_apart(other) is other


@needs_tensorflow
def test_datasets_of_strings_are_told_from_views(preprocessor):
    import tensorflow as tf

    strings = tf.data.Dataset.from_tensor_slices(STRINGS)
    assert is_strings(strings) and is_strings(strings.batch(2))
    assert not is_strings(mirror_dataset(STRINGS, preprocessor, 2))
    assert not is_strings(tf.data.Dataset.range(3))
