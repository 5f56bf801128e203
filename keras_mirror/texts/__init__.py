"""Texts: from files of many kinds, checked, collected, sampled."""

from keras_mirror.texts.as_strings import as_strings
from keras_mirror.texts.as_strings import check_string
from keras_mirror.texts.batched import batched
from keras_mirror.texts.collect_strings import collect_strings
from keras_mirror.texts.corpus import Corpus
from keras_mirror.texts.read_identified_texts import read_identified_texts
from keras_mirror.texts.read_lines import read_lines
from keras_mirror.texts.read_texts import read_texts
from keras_mirror.texts.sample_strings import sample_strings
from keras_mirror.texts.split_pairs import split_pairs

__all__ = [
    "Corpus",
    "as_strings",
    "batched",
    "check_string",
    "collect_strings",
    "read_identified_texts",
    "read_lines",
    "read_texts",
    "sample_strings",
    "split_pairs",
]
