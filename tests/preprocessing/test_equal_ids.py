"""Ids are the same in Python, in a graph, and by the `tokenizers` library."""

import functools
import random

import keras_hub
import pytest
import tokenizers
from support import models
from support import references

from keras_mirror.preprocessing.graph_pipeline import GraphPipeline
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer
from keras_mirror.preprocessing.word_piece_graph import WordPieceGraph

REASON = "tokenizes in the graph of a tf.data pipeline"
SEPARATE = "\0\t\n\v\x1c\x85\u00a0\u2009\u2028\u2029\u200b\u3000\ufeff   "
OTHERS = (
    "aAZß™İΣςéÅ\u0301\u093f\u0e34ककภ한京あア﷽𝔸👩🏽12٣५६½'\".,-_#▁Ġ<>[]|\\\u2060"
)
WORDS = ["man's", "I'LL", "[MASK]", "</s>", "play", "##s", "ing", "the"]
# Above and below what BERT reads of a word, in characters and in bytes.
LONG = ["ก" * 34, "가" * 33, "가" * 34, "é" * 100, "é" * 101, "京" * 101]
LONG += ["a" * 100, "a" * 101, "a" * 5_000, "ก" * 100 + "!", "ก" * 101 + "!"]


@functools.cache
def generated():
    draw = random.Random(0)
    pieces = [*SEPARATE, *SEPARATE, *OTHERS, *WORDS, *models.WORDS]
    return LONG + [
        "".join(draw.choices(pieces, k=draw.randrange(1, 40)))
        for _ in range(2_000)
    ]


def in_graph(pipeline, texts):
    tf = pytest.importorskip("tensorflow", reason=REASON)
    return tf.function(pipeline.tokenize)(tf.constant(texts)).to_list()


def differences(texts, found, expected):
    rows = zip(texts, found, expected, strict=True)
    return [row for row in rows if list(row[1]) != list(row[2])]


def bert(lowercase, strip_accents, split_on_cjk):
    options = dict(lowercase=lowercase, strip_accents=strip_accents)
    tokenizer = keras_hub.tokenizers.BertTokenizer(
        models.word_piece_vocabulary(), split_on_cjk=split_on_cjk, **options
    )
    reference = tokenizers.BertWordPieceTokenizer(
        dict(tokenizer._token_to_id_map),
        handle_chinese_chars=split_on_cjk,
        **options,
    )
    reference._tokenizer.encode_special_tokens = True
    return tokenizer, reference._tokenizer


STEPS = [(True, True, True), (False, False, True), (True, False, False)]


@pytest.mark.parametrize("steps", STEPS)
def test_word_pieces_are_those_of_tokenizers(steps):
    tokenizer, reference = bert(*steps)
    plain_text = PlainTextTokenizer(tokenizer)
    encodings = reference.encode_batch(generated(), add_special_tokens=False)
    expected = [encoding.ids for encoding in encodings]
    found = plain_text(generated())
    assert not differences(generated(), found, expected)
    for can_call_python in (True, False):
        pipeline = GraphPipeline(plain_text, can_call_python)
        found = in_graph(pipeline, generated())
        assert not differences(generated(), found, expected)


def test_every_character_is_split_off_and_dropped_as_by_tokenizers():
    tf = pytest.importorskip("tensorflow", reason=REASON)
    tokenizer, reference = bert(True, True, True)
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)]
    texts = [f"a{chr(code)}b" for code in codes[::7]]
    encodings = reference.encode_batch(texts, add_special_tokens=False)
    found = tf.function(WordPieceGraph(tokenizer))(tf.constant(texts)).to_list()
    expected = [encoding.ids for encoding in encodings]
    assert not differences(texts, found, expected)


@pytest.mark.parametrize("family", ["Roberta", "XLMRoberta", "Albert"])
def test_graph_and_python_give_the_same_ids(family):
    plain_text = PlainTextTokenizer(models.tokenizer(family))
    found = in_graph(GraphPipeline(plain_text), generated())
    assert not differences(generated(), found, plain_text(generated()))


def test_byte_pairs_are_those_of_tokenizers():
    tokenizer = models.tokenizer("Roberta")
    pairs = [tuple(merge.split(" ")) for merge in tokenizer.merges]
    reference = tokenizers.ByteLevelBPETokenizer(
        dict(tokenizer.vocabulary), pairs
    )
    found = PlainTextTokenizer(tokenizer)(generated())
    expected = [row.ids for row in reference.encode_batch(generated())]
    assert not differences(generated(), found, expected)


def test_graph_does_not_merge_byte_pairs_one_by_one():
    tf = pytest.importorskip("tensorflow", reason=REASON)
    pipeline = GraphPipeline(PlainTextTokenizer(models.tokenizer("Roberta")))
    spec = tf.TensorSpec([None], "string")
    assert "While" not in references.graph_ops(pipeline.tokenize, spec)
    exported = GraphPipeline(pipeline.plain_text, can_call_python=False)
    assert "While" in references.graph_ops(exported.tokenize, spec)


def test_word_piece_tokenizers_that_do_not_split_are_refused():
    tokenizer = keras_hub.tokenizers.BertTokenizer(
        models.word_piece_vocabulary(), split=False
    )
    with pytest.raises(ValueError, match="must split texts into words"):
        PlainTextTokenizer(tokenizer)
